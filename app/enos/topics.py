"""The topics of a channel (EnOS protocol, section 2)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """Where events are posted, and where EnOS answers."""

    post: str
    reply: str


def event_topics(product_key: str, *, leading_slash: bool) -> Topics:
    """The documents write topics without a leading slash, the vendor's SDKs with one."""
    post = f"{'/' if leading_slash else ''}sys/{product_key}/integration/event/post"
    return Topics(post, f"{post}_reply")

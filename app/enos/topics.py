"""The topics of a channel (EnOS protocol, section 2)."""

from dataclasses import dataclass

from app.enos.mode import Mode


@dataclass(frozen=True, slots=True)
class Topics:
    """Where messages are posted, and where EnOS answers."""

    post: str
    reply: str


def topics(product_key: str, mode: Mode, *, leading_slash: bool) -> Topics:
    """The documents write topics without a leading slash, the vendor's SDKs with one."""
    post = f"{'/' if leading_slash else ''}sys/{product_key}/integration/{mode}/post"
    return Topics(post, f"{post}_reply")

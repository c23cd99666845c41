"""Pictures as members of an EnOS event: a link each, for EnOS takes no files over MQTT."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from app.domain.firmware import PICTURE_NAMES
from app.domain.picture_links import PictureLinks
from app.enos.mapping.values import LONGEST_STRING
from app.errors import MappingError

PICTURE_MEMBERS = tuple(dict.fromkeys(PICTURE_NAMES.values()))
"""The contract's pictures, whatever a firmware calls them: the thing model can't know of any other."""


def urls(links: PictureLinks, shown: Iterable[tuple[str, bytes]], now: datetime) -> dict[str, str]:
    """A link to each picture that an event has a member for, by the member's name.

    `shown`: field and SHA-256 of the event's pictures in their order; of several in one field the first
    counts.
    """
    first: dict[str, bytes] = {}
    for field, sha256 in shown:
        first.setdefault(field, sha256)
    return {name: links.url(first[name], now) for name in PICTURE_MEMBERS if name in first}


def fitting_links(links: Mapping[str, str]) -> dict[str, str]:
    """The links that an event has a member for.

    Raises:
        MappingError: a link is longer than EnOS takes a string.
    """
    kept = {name: links[name] for name in PICTURE_MEMBERS if name in links}
    for name, url in kept.items():
        if len(url.encode()) > LONGEST_STRING:
            raise MappingError(f"member {name}: the link has more than {LONGEST_STRING} bytes")
    return kept

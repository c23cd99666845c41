"""Whose events are taken, where that is set."""

from collections.abc import Iterable

from app.domain.events import NewEvent
from app.domain.texts import shown
from app.errors import UnknownBox


def require_allowed(events: Iterable[NewEvent], boxes: tuple[str, ...]) -> None:
    """Refuse a body with an event of a box that is not listed; an empty list takes all.

    Raises:
        UnknownBox: with what the first such event has for `dev_sno`.
    """
    if not boxes:
        return
    for new in events:
        if new.event.dev_sno not in boxes:
            raise UnknownBox(
                f"dev_sno is {shown(new.event.dev_sno or 'missing')}; RECEIVER_BOXES does not list it"
            )

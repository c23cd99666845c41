"""What would go to EnOS of one event, and where; nothing is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.events import FaceEvent
from app.enos.mapping.picture_members import urls
from app.enos.messages import new_message_id, post_one
from app.enos.setup import Setup
from app.errors import MappingError


@dataclass(frozen=True, slots=True)
class Preview:
    """The whole message, the channel it would go by, and that channel's topic; None where there is none."""

    message: bytes
    channel: str | None
    topic: str | None


def preview_of(setup: Setup, event: FaceEvent, shown: Iterable[tuple[str, bytes]], now: datetime) -> Preview:
    """Make the message of one event, alone, with an id of its own.

    `shown`: the event's pictures, as `app.store.pictures.shown_by` gives them.

    Raises:
        MappingError: the event would be parked, and why.
    """
    links = urls(setup.links, shown, now) if setup.links else {}
    try:
        message = post_one(new_message_id(), setup.mapping.mode, setup.mapping.element(event, links))
    except MappingError as error:
        raise MappingError(f"the event would be parked: {error}") from None
    channel = setup.mapping.channel_of(event)
    found = setup.channels.get(channel) if channel is not None else None
    return Preview(message, channel, found.topics.post if found else None)

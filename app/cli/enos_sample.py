"""The one event that `se3 enos check --send` posts."""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.config import Settings
from app.domain.events import Arrival, FaceEvent, Kind
from app.domain.sightings import reason_to_skip
from app.domain.times import to_milliseconds
from app.enos.mapping.mapping import DEFAULT_MAPPING, Mapping
from app.enos.mapping.picture_members import urls
from app.enos.messages import new_message_id, post_one
from app.enos.setup import Setup
from app.errors import MappingError, Se3Error
from app.receiver.body.decoding import Decoded, Encoding
from app.receiver.event.reading import read_events
from app.store import events, pictures
from app.store.database import Database

_LOOKED_AT = 100  # of the newest events


@dataclass(frozen=True, slots=True)
class Sample:
    """A message with one event, and in words which event that is."""

    id: str
    payload: bytes
    device_key: str
    event: str


def stored_sample(
    database: Database, settings: Settings, setup: Setup, channel: str, event_id: UUID | None
) -> Sample:
    """Make a message of a stored event; without an id, of the newest one that this channel takes.

    Raises:
        Se3Error: there is no such event, or why it would not go.
        StoreUnavailable: the database can't be used.
    """
    with database.read() as connection:
        found = events.get_many(connection, [event_id]) if event_id else events.latest(connection, _LOOKED_AT)
        shown = pictures.shown_by(connection, [event.id for event in found])
    reason = f"there is no event {event_id}" if event_id else "no event is stored yet"
    for event in found:
        try:
            _require_fit(event, settings, setup.mapping, channel)
            links = urls(setup.links, shown[event.id], datetime.now(UTC)) if setup.links else {}
            return _sample(setup.mapping, event, links, f"event {event.id}")
        except MappingError as error:
            reason = f"event {event.id} would not go: {error}"
    raise Se3Error(f"{reason}. To send a made-up event, name its device: --device-key KEY")


def made_up_sample(settings: Settings, setup: Setup, device_key: str) -> Sample:
    """Make a message of an event that never was, with this device key, the present time and no picture.

    Raises:
        MappingError: the mapping does not fit the contract's fields, or the message is too large.
    """
    event = _made_up_event(settings, device_key)
    return _sample(_of_any_device(setup.mapping), event, {}, "a made-up event")


def channel_of_made_up(settings: Settings, setup: Setup, device_key: str) -> str | None:
    """The name of the channel that takes a made-up event with this device key, None if none does."""
    return _of_any_device(setup.mapping).channel_of(_made_up_event(settings, device_key))


def _of_any_device(mapping: Mapping) -> Mapping:
    """The mapping, with the device key in fields that a made-up event has."""
    return dataclasses.replace(mapping, device_key=DEFAULT_MAPPING.device_key)


def _require_fit(event: FaceEvent, settings: Settings, mapping: Mapping, channel: str) -> None:
    if reason := reason_to_skip(event, settings.enos_events) or mapping.reason_to_skip(event):
        raise MappingError(reason)
    if (other := mapping.channel_of(event)) != channel:
        raise MappingError(f"it goes by channel {other}")


def _sample(mapping: Mapping, event: FaceEvent, links: dict[str, str], words: str) -> Sample:
    element, message_id = mapping.element(event, links), new_message_id()
    return Sample(message_id, post_one(message_id, mapping.mode, element), element["deviceKey"], words)


def _made_up_event(settings: Settings, device_key: str) -> FaceEvent:
    kind = Kind.REALTIME if settings.enos_events == Kind.REALTIME else Kind.HISTORY
    now = datetime.now(UTC)
    document = {
        "identity_id": "se3-check",
        "identity_name": "SE3 check",
        "group_name": "se3-check",
        "timestamp": to_milliseconds(now),
        "score": 1.0,
        "want_action": "0",
        "dev_sno": device_key,
        "device_ip": device_key,
        "ep_id": device_key,
        "ext_data": {"person_type": 1, "device_type": "0"},
    }
    lenient = Settings(validation="lenient")  # it has no pictures
    [made_up] = read_events(kind, Decoded([document], Encoding.JSON), Arrival("", "", now), lenient)
    return made_up.event

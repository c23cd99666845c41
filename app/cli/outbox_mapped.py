"""What the mapping in force makes of an event, as far as it can be read."""

import dataclasses
from dataclasses import dataclass

from app.config import load_settings
from app.domain.events import FaceEvent
from app.enos.mapping.mapping import Mapping
from app.enos.mode import Mode
from app.enos.setup import load_draft
from app.errors import MappingError, SettingsError


@dataclass(frozen=True, slots=True)
class Mapped:
    """The device key, or in words why there is none; the channel, "" if none takes the event or is known."""

    device_key: str
    channel: str


def mapped_now(event: FaceEvent) -> Mapped:
    """Read the mapping, and say where it would send an event, and as which device's."""
    try:
        mapping = load_draft(load_settings()).mapping
    except (MappingError, SettingsError) as error:
        return Mapped(f"not known, for the mapping can't be read: {' '.join(str(error).split())}", "")
    return Mapped(_device_key(mapping, event), mapping.channel_of(event) or "")


def _device_key(mapping: Mapping, event: FaceEvent) -> str:
    bare = dataclasses.replace(mapping, mode=Mode.EVENT, members=(), wants_pictures=False)
    try:
        return str(bare.element(event)["deviceKey"])
    except MappingError as error:
        return str(error)

"""How an event becomes an element of an EnOS message: device key, event id and members."""

from dataclasses import dataclass
from typing import Any

from app.domain.events import FaceEvent, Kind
from app.domain.times import to_milliseconds
from app.enos.messages import Mode
from app.enos.values import convert
from app.errors import MappingError

DEFAULT_CHANNEL = "enos"
_SHORTEST_KEY, _LONGEST_KEY = 4, 64  # characters (EnOS protocol, section 4)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the EnOS event: its name there, the field it is taken from, its type in the model."""

    name: str
    field: str
    type: str


@dataclass(frozen=True)
class Mapping:
    """A whole mapping. `device_key` lists the fields to try in turn; `event_id` has one id a kind."""

    device_key: tuple[str, ...]
    event_id: dict[Kind, str]
    members: tuple[Member, ...]

    mode = Mode.EVENT

    def reason_to_skip(self, _event: FaceEvent) -> str | None:
        """Interim."""
        return None

    def channel_of(self, _event: FaceEvent) -> str:
        """Interim."""
        return DEFAULT_CHANNEL

    def element(self, event: FaceEvent) -> dict[str, Any]:
        """Make the params element for one event (EnOS protocol, section 2).

        Raises:
            MappingError: no field gives a device key, or a value does not fit its type.
        """
        return {
            "deviceKey": self._device_key(event),
            "time": to_milliseconds(event.occurred_at),
            "events": {self.event_id[event.kind]: self._members(event)},
        }

    def _device_key(self, event: FaceEvent) -> str:
        for name in self.device_key:
            value = field_value(event, name)
            if isinstance(value, str) and _SHORTEST_KEY <= len(value) <= _LONGEST_KEY:
                return value
        raise MappingError(
            f"no device key: none of {', '.join(self.device_key)} holds"
            f" {_SHORTEST_KEY} to {_LONGEST_KEY} characters in this event"
        )

    def _members(self, event: FaceEvent) -> dict[str, Any]:
        values = {member.name: _member_value(event, member) for member in self.members}
        return {name: value for name, value in values.items() if value is not None}


DEFAULT_MAPPING = Mapping(
    device_key=("ep_id", "dev_sno", "device_ip"),
    event_id={Kind.HISTORY: "HistoryEvent", Kind.REALTIME: "RealTimeEvent"},
    members=tuple(
        Member(name, name, type_)
        for name, type_ in (
            ("identity_id", "string"),
            ("identity_name", "string"),
            ("group_name", "string"),
            ("timestamp", "timestamp"),
            ("score", "float"),
            ("want_action", "string"),
            ("device_ip", "string"),
            ("ep_id", "string"),
            ("dev_sno", "string"),
            ("person_type", "int"),
            ("device_type", "string"),
        )
    ),
)
"""The scalar fields of the contract under their own names; no pictures."""

EVENT_FIELDS = frozenset(member.field for member in DEFAULT_MAPPING.members)
"""Fields that every form of event has in one type; any other field is looked up in the document."""


def field_value(event: FaceEvent, name: str) -> Any:
    """The value of a contract field, or of a dotted path into the document such as `ext_data.info.age`."""
    if name == "timestamp":
        return event.occurred_at
    if name in EVENT_FIELDS:
        return getattr(event, name)
    value: Any = event.document
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _member_value(event: FaceEvent, member: Member) -> Any:
    try:
        return convert(field_value(event, member.field), member.type)
    except ValueError as error:
        raise MappingError(f"member {member.name}: field {member.field} {error}") from None

"""How an event becomes an element of an EnOS message: device key, event id and members."""

from collections import abc
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from app.domain.events import FaceEvent, Kind
from app.domain.times import to_milliseconds
from app.enos.channel_entry import ChannelEntry
from app.enos.mapping.conditions import EVERYTHING, Conditions
from app.enos.mapping.data_types import Member, Scalar
from app.enos.mapping.event_fields import event_attribute, event_reader
from app.enos.mapping.picture_members import fitting_links
from app.enos.mode import Mode
from app.errors import MappingError

DEFAULT_CHANNEL = "enos"
"""The name of the one channel that the settings describe."""

_SHORTEST_KEY, _LONGEST_KEY = 4, 64  # characters (EnOS protocol, section 4)
_NO_LINKS: abc.Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A field that may hold the device key."""

    field: str
    read: abc.Callable[[FaceEvent], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A whole mapping. `device_key` lists the fields to try in turn; `event_id` has one id a kind.

    `routes` names each channel with the events that it takes, in the order in which they are asked.
    """

    device_key: tuple[DeviceKey, ...]
    event_id: dict[Kind, str]
    members: tuple[Member, ...]
    mode: Mode = Mode.EVENT
    wants_pictures: bool = False
    filter: Conditions = EVERYTHING
    channels: tuple[ChannelEntry, ...] = ()
    routes: tuple[tuple[str, Conditions], ...] = ((DEFAULT_CHANNEL, EVERYTHING),)

    @property
    def attributes(self) -> frozenset[str]:
        """Those of an event without which nothing here can be told of it."""
        fields = [*(key.field for key in self.device_key), *(member.field for member in self.members)]
        asked = (conditions.attributes for conditions in (self.filter, *(when for _, when in self.routes)))
        needed = (event_attribute(field) for field in fields if field is not None)
        return frozenset({"kind", "occurred_at"}.union(needed, *asked))

    def reason_to_skip(self, event: FaceEvent) -> str | None:
        """Why an event does not go to EnOS; None if it goes."""
        key = self.device_key_of(event)
        if misfit := self.filter.misfit(event, key):
            return f"filter.{misfit} of the mapping file leaves it out"
        return None if self._channel(event, key) else "no channel of the mapping file takes it"

    def device_key_of(self, event: FaceEvent) -> str | None:
        """The key of the EnOS device that an event belongs to; None where no field gives one."""
        for key in self.device_key:
            value = key.read(event)
            if isinstance(value, str) and _SHORTEST_KEY <= len(value) <= _LONGEST_KEY:
                return value
        return None

    def channel_of(self, event: FaceEvent) -> str | None:
        """The name of the channel that takes an event, None if none does."""
        return self._channel(event, self.device_key_of(event))

    def element(self, event: FaceEvent, links: abc.Mapping[str, str] = _NO_LINKS) -> dict[str, Any]:
        """Make the params element for one event (EnOS protocol, section 2).

        `links`: the URL of each of its pictures by the picture's field, for a mapping that wants pictures.

        Raises:
            MappingError: no field gives a device key, or a value does not fit its type.
        """
        head = {"deviceKey": self._needed_device_key(event), "time": to_milliseconds(event.occurred_at)}
        values = self._values(event)
        if self.wants_pictures:
            values |= fitting_links(links)
        if self.mode is Mode.EVENT:
            return {**head, "events": {self.event_id[event.kind]: values}}
        if not values:
            raise MappingError("the event has a value for none of the members, and so no measure point")
        return {**head, "measurepoints": values}

    def _channel(self, event: FaceEvent, device_key: str | None) -> str | None:
        for name, when in self.routes:
            if when.misfit(event, device_key) is None:
                return name
        return None

    def _needed_device_key(self, event: FaceEvent) -> str:
        if key := self.device_key_of(event):
            return key
        fields = ", ".join(key.field for key in self.device_key)
        raise MappingError(
            f"no device key: none of {fields} holds"
            f" {_SHORTEST_KEY} to {_LONGEST_KEY} characters in this event"
        )

    def _values(self, event: FaceEvent) -> dict[str, Any]:
        values = {}
        for member in self.members:
            try:
                value = member.value_in(event)
            except ValueError as error:
                raise MappingError(f"member {member.name}: field {member.field} {error}") from None
            if value is not None:
                values[member.name] = value
        return values


def _default_member(name: str, type_name: str) -> Member:
    return Member(name, Scalar(type_name), name, event_reader(name))


DEFAULT_MAPPING = Mapping(
    device_key=tuple(DeviceKey(name, event_reader(name)) for name in ("ep_id", "dev_sno", "device_ip")),
    event_id={Kind.HISTORY: "HistoryEvent", Kind.REALTIME: "RealTimeEvent"},
    members=(
        _default_member("identity_id", "string"),
        _default_member("identity_name", "string"),
        _default_member("group_name", "string"),
        _default_member("timestamp", "timestamp"),
        _default_member("score", "float"),
        _default_member("want_action", "string"),
        _default_member("device_ip", "string"),
        _default_member("ep_id", "string"),
        _default_member("dev_sno", "string"),
        _default_member("person_type", "int"),
        _default_member("device_type", "string"),
    ),
)
"""The scalar fields of the contract under their own names; no pictures."""

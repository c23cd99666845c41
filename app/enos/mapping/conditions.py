"""Which events a mapping's filter lets pass, and which ones a channel takes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Any

from app.domain.events import FaceEvent, Kind
from app.domain.firmware import form_of

_EMPLOYEE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What must all be true of an event; None asks for nothing.

    `min_score` and `max_score` are themselves within the bounds. `devices` is matched with the device key.
    """

    kinds: frozenset[Kind] | None = None
    person_types: frozenset[int] | None = None
    groups: frozenset[str] | None = None
    min_score: float | None = None
    max_score: float | None = None
    devices: re.Pattern[str] | None = None
    _asked: tuple[tuple[Any, "_Rule"], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Put together what is asked for at all: it is looked at for every event."""
        wanted = ((getattr(self, rule.name), rule) for rule in _RULES)
        object.__setattr__(self, "_asked", tuple(pair for pair in wanted if pair[0] is not None))

    @property
    def attributes(self) -> frozenset[str]:
        """Those of an event that are looked at, beside the device key's."""
        return frozenset(attribute for _, rule in self._asked for attribute in rule.attributes)

    def misfit(self, event: FaceEvent, device_key: str | None) -> str | None:
        """The name of the first condition that the event does not meet; None if it meets all."""
        for wanted, rule in self._asked:
            if not rule.meets(wanted, event, device_key):
                return rule.name
        return None


def any_of(patterns: list[str]) -> re.Pattern[str]:
    """Compile glob patterns: * stands for any characters, ? for one, [abc] for one of these."""
    return re.compile("|".join(translate(pattern) for pattern in patterns))


def _person_type(event: FaceEvent) -> int | None:
    """Without a person type it is an employee (SE3 protocol, section 2); V6's car is none (section 4)."""
    if event.person_type is not None:
        return event.person_type
    sent = form_of(event.document).find(event.document).get("person_type")
    return _EMPLOYEE if sent is None or sent.value in (None, "") else None


@dataclass(frozen=True, slots=True)
class _Rule:
    """`meets` takes what is wanted, the event and its device key; `attributes` are those of the event."""

    name: str
    attributes: tuple[str, ...]
    meets: Callable[[Any, FaceEvent, str | None], bool]


_RULES = (
    _Rule("kinds", ("kind",), lambda kinds, event, _: event.kind in kinds),
    _Rule("person_types", ("person_type", "document"), lambda types, event, _: _person_type(event) in types),
    _Rule("groups", ("group_name",), lambda groups, event, _: event.group_name in groups),
    _Rule("min_score", ("score",), lambda least, event, _: event.score is not None and event.score >= least),
    _Rule("max_score", ("score",), lambda most, event, _: event.score is not None and event.score <= most),
    _Rule("devices", (), lambda devices, _, key: key is not None and bool(devices.match(key))),
)
EVERYTHING = Conditions()

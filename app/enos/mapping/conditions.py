"""Which events a mapping's filter lets pass, and which ones a channel takes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
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

    def misfit(self, event: FaceEvent, device_key: str | None) -> str | None:
        """The name of the first condition that the event does not meet; None if it meets all."""
        for name, meets in _RULES:
            wanted = getattr(self, name)
            if wanted is not None and not meets(wanted, event, device_key):
                return name
        return None


EVERYTHING = Conditions()


def any_of(patterns: list[str]) -> re.Pattern[str]:
    """Compile glob patterns: * stands for any characters, ? for one, [abc] for one of these."""
    return re.compile("|".join(translate(pattern) for pattern in patterns))


def _person_type(event: FaceEvent) -> int | None:
    """Without a person type it is an employee (SE3 protocol, section 2); V6's car is none (section 4)."""
    if event.person_type is not None:
        return event.person_type
    sent = form_of(event.document).find(event.document).get("person_type")
    return _EMPLOYEE if sent is None or sent.value in (None, "") else None


_RULES: tuple[tuple[str, Callable[[Any, FaceEvent, str | None], bool]], ...] = (
    ("kinds", lambda kinds, event, _: event.kind in kinds),
    ("person_types", lambda types, event, _: _person_type(event) in types),
    ("groups", lambda groups, event, _: event.group_name in groups),
    ("min_score", lambda least, event, _: event.score is not None and event.score >= least),
    ("max_score", lambda most, event, _: event.score is not None and event.score <= most),
    ("devices", lambda devices, _, key: key is not None and bool(devices.match(key))),
)

"""What a person types into the filters of the list of events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from app.domain.delivery import DeliveryState
from app.domain.events import Kind
from app.store.event_search import Search

_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Filters:
    """`typed`: the values of the form's fields, by name; `wrong`: the names of those that can't be read."""

    search: Search
    typed: Mapping[str, str]
    wrong: frozenset[str]

    @property
    def query(self) -> str:
        """The filters as the query of an address."""
        return urlencode({name: value for name, value in self.typed.items() if value})


def read_filters(typed: Mapping[str, str], user_id: int) -> Filters:
    """Read the fields of the form; what can't be read is left open, and named.

    `user_id`: whose marks count where only events without a review are wanted.
    """
    values: dict[str, Any] = {}
    wrong: set[str] = set()
    for name, read in _FIELDS.items():
        if text := typed.get(name, "").strip():
            try:
                values[name] = read(text)
            except (ValueError, OverflowError):
                wrong.add(name)
    if values.pop("unreviewed", False):
        values["unreviewed_by"] = user_id
    texts = {name: typed.get(name, "").strip() for name in _FIELDS}
    return Filters(Search(**values), texts, frozenset(wrong))


def plain_text(text: str) -> str:
    """Read a text that a database may be asked for."""
    if "\x00" in text:  # no database's text holds it
        raise ValueError
    return text


def _person_type(text: str) -> int:
    number = int(text)
    if abs(number) > _LARGEST:
        raise OverflowError
    return number


def local_time(text: str) -> datetime:
    """A time in this machine's zone, as browsers send it: 2026-11-26T08:00."""
    return datetime.fromisoformat(text).astimezone(UTC)


_FIELDS: Mapping[str, Callable[[str], Any]] = {
    "since": local_time,
    "until": local_time,
    "text": plain_text,
    "identity": plain_text,
    "group": plain_text,
    "camera": plain_text,
    "at_camera": plain_text,
    "kind": Kind,
    "person_type": _person_type,
    "least_score": float,
    "most_score": float,
    "state": DeliveryState,
    "has_warnings": bool,
    "unreviewed": bool,
}

"""Where a mapping finds values: in an event's contract fields, or by a path into its document."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from app.domain.events import FaceEvent

_SCALARS = frozenset(
    {
        "identity_id",
        "identity_name",
        "group_name",
        "score",
        "want_action",
        "device_ip",
        "ep_id",
        "dev_sno",
        "person_type",
        "device_type",
    }
)
_OBJECTS = frozenset({"grab_fiqa_info", "box_fiqa_info", "info"})


def event_reader(name: str) -> Callable[[FaceEvent], Any]:
    """Give what takes a field out of an event, None where it has none.

    `name`: a contract field, which every form of event has in one place and type, maybe with a path into it;
    or else a dotted path into the document, such as `ep_info.ep_name`.
    """
    attribute, steps = _place(name)
    read = attrgetter(attribute)
    return (lambda event: _descend(read(event), steps)) if steps else read


def event_attribute(name: str) -> str:
    """The one attribute of an event that `event_reader` takes a field from."""
    return _place(name)[0]


def _place(name: str) -> tuple[str, Sequence[str]]:
    """An attribute of an event, and the path into it that leads to a field."""
    if name == "timestamp":
        return "occurred_at", ()
    if name in _SCALARS:
        return name, ()
    first, *rest = name.split(".")
    return (first, rest) if first in _OBJECTS else ("document", (first, *rest))


def path_reader(path: str) -> Callable[[dict[str, Any]], Any]:
    """Give what follows a dotted path into an object, None where it leads nowhere."""
    steps = path.split(".")
    return lambda value: _descend(value, steps)


def nothing_reader(_source: object) -> None:
    """Read nothing: for a member that has no field."""


def _descend(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value

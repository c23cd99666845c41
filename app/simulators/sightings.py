"""One sighting as the event that a real box sends, in each form (SE3 protocol, sections 2 to 4)."""

from collections.abc import Callable
from typing import Any

from app.domain.events import Kind
from app.simulators.flat_form import v5r7
from app.simulators.nested_form import as_real_time, later_real_time, v2r1, v2r4, v5r3
from app.simulators.seen import Sighting
from app.simulators.v6_form import v6r1

__all__ = ["FORMS", "Sighting", "make_event"]

_NESTED: dict[str, Callable[[Sighting], dict[str, Any]]] = {"v2r1": v2r1, "v2r4": v2r4, "v5r3": v5r3}
_HISTORY = _NESTED | {"v5r7": v5r7, "v6r1": v6r1}
FORMS = tuple(_HISTORY)
"""The firmware lines, each with a form of its own."""


def make_event(sighting: Sighting, form: str, kind: Kind) -> dict[str, Any]:
    """Give the event that a box of this form (one of FORMS) sends as this kind, ready for JSON."""
    if kind is Kind.HISTORY:
        return _HISTORY[form](sighting)
    return as_real_time(_NESTED[form](sighting)) if form in _NESTED else later_real_time(sighting)

"""Checks an event of any firmware form against the contract: what is wrong is refused, or warned of."""

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from app.domain.events import Kind
from app.domain.firmware import FORMS, NESTED, PERSON_TYPES, FirmwareForm, Found, form_of
from app.domain.pointers import pointer
from app.domain.warnings import EventWarning, WarningCode
from app.errors import Invalid, Problem
from app.receiver.event.containers import restore_containers
from app.receiver.event.schema import Contract
from app.receiver.fields import Text

_CONTRACTS = {form.name: Contract(form) for form in FORMS}
_TEXTS = frozenset(name for name, field in _CONTRACTS[NESTED.name].fields.items() if isinstance(field, Text))
_INDISPENSABLE = frozenset({"identity_id", "timestamp"})


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that keeps the contract.

    `values`: its contract fields in their types, `timestamp` as an instant in UTC. `found`: the same fields
    as they were sent, each with its place in the document.
    """

    values: dict[str, Any]
    found: dict[str, Found]
    warnings: list[EventWarning]


def check(kind: Kind, document: dict[str, Any], *, is_form: bool, lenient: bool) -> Checked:
    """Check a document of any firmware form against the contract.

    `is_form`: it came as form data, whose senders lose objects. `lenient`: only identity_id and timestamp
    must be right; all else becomes a warning.

    Raises:
        Invalid: with every wrong field, each by its place in the document.
    """
    form = form_of(document)
    seen, names_only = restore_containers(form, document) if is_form else (document, [])
    warnings = list(names_only)
    found = form.find(seen)
    if lenient:
        found, numbers = _read_numbers_as_text(found)
        warnings += numbers
    values, problems = _load(form, found)
    if not names_only:  # else the box's code may be among what was lost
        problems |= _missing_box(kind, form, found, values)
    fatal = problems.keys() & _INDISPENSABLE if lenient else problems.keys()
    if fatal:
        raise Invalid([problem for name, problem in problems.items() if name in fatal])
    warnings += [_warning(found.get(name), problem) for name, problem in problems.items()]
    return Checked(values, found, warnings + _unknown_person_type(found))


def dev_sno_of(values: dict[str, Any]) -> str | None:
    """The licence code of the box: its own field, or the part of ep_id before the first `__`."""
    dev_sno: str | None = values.get("dev_sno")
    before, separator, _ = (values.get("ep_id") or "").partition("__")
    return before if separator and not dev_sno else dev_sno


def _load(form: FirmwareForm, found: dict[str, Found]) -> tuple[dict[str, Any], dict[str, Problem]]:
    """Values in their types, and what is wrong with each of the other fields."""
    sent = {
        name: place.value for name, place in found.items() if place.value is not None or name in form.required
    }
    try:
        values: dict[str, Any] = _CONTRACTS[form.name].load(sent)
    except ValidationError as error:
        wrong = error.messages_dict.items()
        return dict(error.valid_data or {}), {
            name: _problem(form, found.get(name), name, details[0]) for name, details in wrong
        }
    return values, {}


def _problem(form: FirmwareForm, place: Found | None, name: str, detail: str) -> Problem:
    return Problem(pointer(*(place.path if place else form.places[name][0])), detail)


def _read_numbers_as_text(found: dict[str, Found]) -> tuple[dict[str, Found], list[EventWarning]]:
    """Text fields that came as numbers, as their text, with a warning for each."""
    numbers = {
        name: place
        for name, place in found.items()
        if name in _TEXTS and isinstance(place.value, int | float) and not isinstance(place.value, bool)
    }
    texts = {name: Found(place.path, str(place.value)) for name, place in numbers.items()}
    detail = "is a number; its text was taken"
    warned = [
        EventWarning(WarningCode.FIELD_WRONG, pointer(*place.path), detail) for place in numbers.values()
    ]
    return found | texts, warned


def _missing_box(
    kind: Kind, form: FirmwareForm, found: dict[str, Found], values: dict[str, Any]
) -> dict[str, Problem]:
    named = "dev_sno" in found or ("ep_id" in found and "__" in str(found["ep_id"].value))
    if kind is not Kind.HISTORY or form is not NESTED or "ext_data" not in values or named:
        return {}
    return {
        "dev_sno": Problem(
            "/dev_sno",
            "is missing: a history event names its box, in ext_data, beside it, or in ep_id before __",
        )
    }


def _warning(place: Found | None, problem: Problem) -> EventWarning:
    missing = place is None or place.value is None
    code = WarningCode.FIELD_MISSING if missing else WarningCode.FIELD_WRONG
    return EventWarning(code, problem.pointer, problem.detail)


def _unknown_person_type(found: dict[str, Found]) -> list[EventWarning]:
    place = found.get("person_type")
    word = str(place.value).lower() if place else ""
    if place is None or word not in PERSON_TYPES or PERSON_TYPES[word] is not None:
        return []
    return [
        EventWarning(WarningCode.UNKNOWN_PERSON_TYPE, pointer(*place.path), f"is {word}, which has no number")
    ]

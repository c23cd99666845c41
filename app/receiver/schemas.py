"""The contract: which fields an event must have, and of what type (SE3 protocol, sections 2 to 4)."""

from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates

from app.domain.events import Kind
from app.domain.firmware import NESTED, PERSON_TYPES, FirmwareForm, Found, form_of
from app.domain.pointers import pointer
from app.domain.warnings import EventWarning, WarningCode
from app.errors import Invalid, Problem
from app.receiver.containers import restore_containers
from app.receiver.fields import NO_OBJECT, Number, Object, PersonType, Text, Timestamp

_INDISPENSABLE = frozenset({"identity_id", "timestamp"})


class _Contract(Schema):
    """The contract's fields, whatever a firmware form calls them and wherever it puts them."""

    class Meta:
        unknown = EXCLUDE

    identity_id = Text(required=True)
    identity_name = Text(required=True)
    group_name = Text(required=True)
    timestamp = Timestamp(required=True)
    score = Number(required=True)
    ext_data = fields.Dict(required=True, error_messages=NO_OBJECT)
    want_action = Text(required=True)
    dev_sno = Text(required=True)
    device_ip = Text(required=True)
    ep_id = Text(required=True)
    person_type = PersonType(required=True)
    device_type = Text(required=True)
    reg_pic = Text(required=True)
    spot_pic = Text(required=True)
    recognize_face = Text(required=True)
    ir_pic = Text(required=True)
    grab_fiqa_info = Object(required=True)
    box_fiqa_info = Object(required=True)
    info = Object(required=True)

    @validates("identity_id")
    def _identity_id_is_not_empty(self, value: str, data_key: str) -> None:
        if not value:
            raise ValidationError(f"is empty; {data_key} must tell who was seen")


_CONTRACT = _Contract()
_ALL = frozenset(_CONTRACT.fields)


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
    seen, warnings = restore_containers(form, document) if is_form else (document, [])
    found = form.find(seen)
    values, problems = _load(form, found)
    if not warnings:  # else the box's code may be among what was lost
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
    given = {name: place.value for name, place in found.items()}
    sent = {name: value for name, value in given.items() if value is not None or name in form.required}
    try:
        values: dict[str, Any] = _CONTRACT.load(sent, partial=_ALL - form.required)
    except ValidationError as error:
        wrong = error.messages_dict.items()
        return dict(error.valid_data or {}), {
            name: _problem(form, found.get(name), name, details[0]) for name, details in wrong
        }
    return values, {}


def _problem(form: FirmwareForm, place: Found | None, name: str, detail: str) -> Problem:
    return Problem(pointer(*(place.path if place else form.places[name][0])), detail)


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

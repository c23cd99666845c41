"""The contract: which fields a body must have, and of what type (SE3 protocol, section 2)."""

from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validates, validates_schema

from app.domain.events import Kind
from app.domain.pointers import pointer
from app.errors import Invalid, Problem
from app.receiver.fields import MISSING, Number, Object, Text, Timestamp, WholeNumber


class _EitherPlace(Schema):
    """Fields whose place the contract leaves open: in ext_data or beside it."""

    class Meta:
        unknown = INCLUDE  # whatever else comes is kept

    error_messages = {"type": "must be an object, { … }"}  # noqa: RUF012 - marshmallow's own form

    device_ip = Text(allow_none=True)
    ep_id = Text(allow_none=True)
    dev_sno = Text(allow_none=True)
    person_type = WholeNumber(allow_none=True)
    device_type = Text(allow_none=True)
    spot_pic = Text(allow_none=True)
    recognize_face = Text(allow_none=True)
    ir_pic = Text(allow_none=True)
    grab_fiqa_info = Object(allow_none=True)
    box_fiqa_info = Object(allow_none=True)
    info = Object(allow_none=True)


class _RealTimeEvent(_EitherPlace):
    identity_id = Text(required=True)
    identity_name = Text(required=True)
    group_name = Text(required=True)
    reg_pic = Text(allow_none=True)
    timestamp = Timestamp(required=True)
    score = Number(required=True)
    want_action = Text(allow_none=True)
    ext_data = fields.Nested(
        _EitherPlace,
        required=True,
        error_messages=MISSING,
    )

    @validates("identity_id")
    def _identity_id_is_not_empty(self, value: str, data_key: str) -> None:
        if not value:
            raise ValidationError(f"is empty; {data_key} must tell who was seen")


class _HistoryEvent(_RealTimeEvent):
    @validates_schema(skip_on_field_errors=False)
    def _names_its_box(self, data: dict[str, Any], **_options: Any) -> None:
        if "ext_data" in data and dev_sno_of(data) is None:
            raise ValidationError(
                "is missing: a history event names its box, in ext_data, beside it, or in ep_id before __",
                "dev_sno",
            )


_EITHER_PLACE = frozenset(_EitherPlace().fields)
_SCHEMAS = {Kind.HISTORY: _HistoryEvent(), Kind.REALTIME: _RealTimeEvent()}


def validate(kind: Kind, document: dict[str, Any], *, is_form: bool) -> dict[str, Any]:
    """Check a document against the contract; returns its fields in their types, `timestamp` as UTC.

    Raises:
        Invalid: with every wrong field.
    """
    seen = document | {"ext_data": {}} if is_form and _lost_its_ext_data(document) else document
    try:
        loaded: dict[str, Any] = _SCHEMAS[kind].load(seen)
    except ValidationError as error:
        raise Invalid(list(_problems(error.messages_dict, ()))) from None
    return loaded


def _lost_its_ext_data(document: dict[str, Any]) -> bool:
    """Whether a form's sender flattened ext_data, or sent only its names (SE3 protocol, section 5)."""
    ext_data = document.get("ext_data")
    if ext_data is None:
        return not _EITHER_PLACE.isdisjoint(document)
    names = [ext_data] if isinstance(ext_data, str) else ext_data
    return ext_data == "" or (isinstance(names, list) and not _EITHER_PLACE.isdisjoint(map(str, names)))


def either_place(loaded: dict[str, Any], name: str) -> Any:
    """A field's value from ext_data, or else from beside it; empty text gives way to a value."""
    inside, beside = (loaded.get("ext_data") or {}).get(name), loaded.get(name)
    return beside if inside is None or (inside == "" and beside) else inside


def dev_sno_of(loaded: dict[str, Any]) -> str | None:
    """The licence code of the box: its own field, or the part of ep_id before the first `__`."""
    dev_sno: str | None = either_place(loaded, "dev_sno")
    if dev_sno is not None:
        return dev_sno
    before, separator, _ = (either_place(loaded, "ep_id") or "").partition("__")
    return before if separator else None


def _problems(messages: dict[Any, Any], path: tuple[str, ...]) -> list[Problem]:
    """Flatten marshmallow's nested messages; `_schema` stands for the object that holds it."""
    found: list[Problem] = []
    for name, inner in messages.items():
        place = path if name == "_schema" else (*path, str(name))
        if isinstance(inner, dict):
            found += _problems(inner, place)
        else:
            found += [Problem(pointer(*place), detail) for detail in inner]
    return found

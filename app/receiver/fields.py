"""marshmallow fields for what boxes send, with reasons a person can act on."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import fields

from app.domain.firmware import PERSON_TYPES
from app.domain.times import from_timestamp

MISSING: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "is missing",
    "null": "is null, but the contract requires a value",
}
NO_OBJECT = {"invalid": "must be an object, {{ … }}", **MISSING}
_GIGABYTES = {"K": 2**-20, "M": 2**-10, "G": 1, "T": 2**10}
_LONGEST_TEXT = 1000  # characters
_MOST_DIGITS = 40  # longer texts are no numbers that a box means


class Text(fields.String):
    """Text, as it is."""

    default_error_messages = {"invalid": "must be text", **MISSING}


class TrimmedText(Text):
    """Text as a column holds it: of bounded length, without blanks around it and without U+0000."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> Any:
        text: str = super()._deserialize(value, attr, data, **options)
        return text.strip()[:_LONGEST_TEXT].replace("\x00", "\ufffd")  # which no database takes


class Number(fields.Float):
    """A finite number, or its text: forms carry nothing else."""

    default_error_messages = {
        "invalid": "must be a number",
        "too_large": "is too large a number",
        "special": "must be a finite number",
        **MISSING,
    }


class Gigabytes(Number):
    """A size in GB, as a number or as text with a unit, such as 522.93M (SE3 protocol, section 6)."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> Any:
        unit = value[-1:].upper() if isinstance(value, str) else ""
        if unit not in _GIGABYTES:
            return super()._deserialize(value, attr, data, **options)
        size = super()._deserialize(value[:-1], attr, data, **options) * _GIGABYTES[unit]
        if math.isinf(size):
            raise self.make_error("too_large")
        return size


class WholeNumber(fields.Integer):
    """A whole number, or its text; 2.9 is refused, not rounded."""

    default_error_messages = {
        "invalid": "must be a whole number",
        "too_large": "is too large a number",
        **MISSING,
    }

    def __init__(self, **options: Any) -> None:
        """`options`: marshmallow's own."""
        super().__init__(strict=True, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> Any:
        if value == "":  # how a form says null
            return None
        number = super()._deserialize(_from_text(value), attr, data, **options)
        if number is not None and not -(2**63) <= number < 2**63:
            raise self.make_error("too_large")
        return number


class PersonType(WholeNumber):
    """The number of a person type, or its word (SE3 protocol, sections 2 and 4); a car has no number."""

    default_error_messages = {
        "invalid": f"must be a whole number or one of {', '.join(PERSON_TYPES)}",
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> Any:
        if isinstance(value, str) and value.lower() in PERSON_TYPES:
            return PERSON_TYPES[value.lower()]
        return super()._deserialize(value, attr, data, **options)


class Timestamp(fields.Field[datetime]):
    """Seconds, milliseconds or microseconds since 1970, as a number or its text, to an instant in UTC."""

    default_error_messages = {
        "invalid": "must be a time in seconds or milliseconds since 1970, within the years 1 to 9999",
        **MISSING,
    }

    def _deserialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002 - marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **options: Any,  # noqa: ARG002
    ) -> datetime:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.make_error("invalid")
        try:
            return from_timestamp(float(value))
        except (OverflowError, ValueError):
            raise self.make_error("invalid") from None


class Object(fields.Dict):
    """A JSON object with anything in it; forms may send empty text for none."""

    default_error_messages = NO_OBJECT

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any
    ) -> dict[Any, Any]:
        if value == "":
            return {}
        loaded: dict[Any, Any] = super()._deserialize(value, attr, data, **options)  # type: ignore[no-untyped-call]  # marshmallow's
        return loaded


def _from_text(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    digits = value.removeprefix("-") if isinstance(value, str) else ""
    return int(value) if digits.isascii() and digits.isdigit() and len(digits) < _MOST_DIGITS else value

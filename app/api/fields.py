"""Fields of queries that take exactly what the OpenAPI document says, and nothing that only looks like it."""

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import fields, validate

MOST, USUAL = 200, 50
"""How many items a page may have, and has unless `limit` says otherwise."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_WITHOUT_NUL = validate.Regexp(r"^[^\u0000]*$", error="It holds a character that no database keeps.")


class Whole(fields.Integer):
    """An integer, in ASCII digits."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not _WHOLE.fullmatch(str(value)):
            raise self.make_error("invalid", input=value)
        return int(value)


class Decimal(fields.Float):
    """A number as JSON writes it."""

    def _deserialize(self, value: Any, *others: Any, **named: Any) -> float:
        if not _DECIMAL.fullmatch(str(value)):
            raise self.make_error("invalid", input=value)
        found: float = super()._deserialize(value, *others, **named)
        return found


class Instant(fields.AwareDateTime):
    """A time with its zone, as RFC 3339 writes it."""

    default_error_messages = {  # noqa: RUF012 - marshmallow reads it from the class
        "invalid": "It is no time such as 2026-11-26T08:00:00Z; in an address, write + as %2B."
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        text = str(value)
        if not _TIME.fullmatch(text):
            raise self.make_error("invalid", input=value, obj_type="datetime")
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except ValueError:
            raise self.make_error("invalid", input=value, obj_type="datetime") from None
        except (
            OverflowError
        ):  # the first or last hours that there are, in a zone where they are not yet, or over
            return datetime.min.replace(tzinfo=UTC) if text < "1000" else datetime.max.replace(tzinfo=UTC)


def yes_or_no(**options: Any) -> fields.Boolean:
    """A field for `true` or `false`."""
    return fields.Boolean(truthy={"true"}, falsy={"false"}, **options)


def plain_text(description: str, longest: int = 200) -> fields.String:
    """An optional field for a text that a database can look for."""
    checks = [_WITHOUT_NUL, validate.Length(max=longest)]
    return fields.String(validate=checks, metadata={"description": description})


def page_limit() -> Whole:
    """The field for how many items a page has."""
    return Whole(
        load_default=USUAL,
        validate=validate.Range(1, MOST),
        metadata={"description": "How many items a page has at most."},
    )

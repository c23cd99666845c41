"""Cursors: where a page ends, as text that a client passes back and need not understand."""

from uuid import UUID

from marshmallow import fields, validate

_UUID = r"^[0-9a-f]{32}$"
_NUMBER = r"^[0-7][0-9a-f]{15}$"
_TEXT = r"^([0-9a-f]{2}){1,1000}$"


def of_uuid(last: UUID | None) -> str | None:
    """The cursor of a list of UUIDs; None where the list ends."""
    return last.hex if last else None


def uuid_at(cursor: str | None) -> UUID | None:
    """The last UUID of the page before, None if this is the first."""
    return UUID(hex=cursor) if cursor else None


def of_number(last: int | None) -> str | None:
    """The cursor of a list of numbers, as above."""
    return f"{last:016x}" if last else None


def number_at(cursor: str | None) -> int | None:
    """The last number of the page before, as above."""
    return int(cursor, 16) if cursor else None


def of_text(last: str | None) -> str | None:
    """The cursor of a list of texts, as above."""
    return last.encode().hex() if last else None


def text_at(cursor: str | None) -> str | None:
    """The last text of the page before, as above; any other text that is a cursor's says some place too."""
    return bytes.fromhex(cursor).decode(errors="replace").replace("\0", "") if cursor else None


def uuid_cursor() -> fields.String:
    """The query's field for a list of UUIDs."""
    return _cursor(_UUID)


def number_cursor() -> fields.String:
    """The query's field for a list of numbers."""
    return _cursor(_NUMBER)


def text_cursor() -> fields.String:
    """The query's field for a list of texts."""
    return _cursor(_TEXT)


def _cursor(pattern: str) -> fields.String:
    return fields.String(
        validate=validate.Regexp(pattern, error="It is no cursor: take the `next` of a page."),
        metadata={"description": "The `next` of the page before."},
    )

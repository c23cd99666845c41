"""Events as lines of CSV or of JSON."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from app import jsontext
from app.exports.rows import COLUMNS, Read, Row, rows
from app.store.event_search import Search

_PICTURES = ("reg_pic", "spot_pic", "recognize_face", "ir_pic")
_HEAD = (*COLUMNS, "state", "warnings", *_PICTURES)
_MARK = "\ufeff"  # without it Excel takes the text for another encoding than UTF-8
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_file(read: Read, search: Search) -> Iterator[str]:
    """A line for each event, newest first; of its pictures the SHA-256."""
    return csv_lines(rows(read, search))


def jsonl_file(read: Read, search: Search) -> Iterator[str]:
    """A JSON object for each event, newest first; `document` is as it was sent, but null for each picture."""
    return (json_line(row) for row in rows(read, search))


def csv_lines(found: Iterable[Row]) -> Iterator[str]:
    """The head, and a line for each row (RFC 4180)."""
    yield _MARK + _line(_HEAD)
    for row in found:
        first = {picture["field"]: picture["sha256"] for picture in reversed(row["pictures"])}
        yield _line([_cell((first if name in _PICTURES else row).get(name)) for name in _HEAD])


def json_line(row: Row) -> str:
    """A row as one line of JSON."""
    return jsontext.dump({name: _plain(value) for name, value in row.items()}) + "\n"


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: whoever stands before a camera may choose a name."""
    value = _plain(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _plain(value: Any) -> Any:
    """Times with the offset of this machine's zone, ids as text."""
    if isinstance(value, datetime):
        return value.astimezone().isoformat()
    return str(value) if isinstance(value, UUID) else value

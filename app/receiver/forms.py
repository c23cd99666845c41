"""Form bodies, multipart and urlencoded, become a document of the shape that JSON has."""

import ast
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from app import jsontext
from app.errors import Unreadable
from app.receiver.form_keys import gather, steps
from app.receiver.pictures import media_type_of

# The contract's fields that are text or numbers: in a form their text is the value itself, never JSON.
_SCALARS = frozenset(
    {
        *("identity_id", "identity_name", "group_name", "timestamp", "score", "want_action"),
        *("dev_sno", "device_ip", "ep_id", "person_type", "device_type"),
        *("reg_pic", "spot_pic", "recognize_face", "ir_pic"),
    }
)
_MOST_PARTS = 1000

Pair = tuple[str, str | bytes]
"""A field's name with its text, or with the bytes of a part that is no text."""


def multipart_document(body: bytes, boundary: str) -> dict[str, Any]:
    """Read multipart form data; pictures sent as parts of their own become bytes.

    Raises:
        Unreadable: the parts can't be told apart.
    """
    try:
        return _document((part.name, _part_value(part, content)) for part, content in _parts(body, boundary))
    except (ValueError, RequestEntityTooLarge) as error:
        raise Unreadable(f"The body is not valid multipart form data: {error}") from None


def urlencoded_document(body: bytes) -> dict[str, Any]:
    """Read urlencoded form data.

    Raises:
        Unreadable: it is not UTF-8, or has too many fields.
    """
    try:
        return _document(parse_qsl(body.decode(), True, errors="strict", max_num_fields=_MOST_PARTS))
    except UnicodeDecodeError as error:
        place = f"byte {error.start} is not UTF-8"
        raise Unreadable(f"The body is not valid urlencoded form data: {place}") from None
    except ValueError as error:
        raise Unreadable(f"The body is not valid urlencoded form data: {error}") from None


def _parts(body: bytes, boundary: str) -> Iterator[tuple[Field | File, bytes]]:
    """Each part with its content; werkzeug's higher-level parser would replace what is not UTF-8."""
    decoder = MultipartDecoder(boundary.encode(), max_parts=_MOST_PARTS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Field | File = Field("", Headers())
    content = b""
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            raise ValueError("it ends in the middle of a part")
        if isinstance(event, Field | File):
            part, content = event, b""
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data:
                yield part, content


def _part_value(part: Field | File, content: bytes) -> str | bytes:
    """Text, or the bytes of a picture or file: senders mark neither reliably."""
    if media_type_of(content):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if isinstance(part, File):
            return content
        raise ValueError(f"in part {part.name[:40]}, byte {error.start} is not UTF-8") from None


def _document(pairs: Iterable[Pair]) -> dict[str, Any]:
    document = gather((name, _value(name, content)) for name, content in pairs)
    if not document:
        raise ValueError("it holds no fields")
    return document


def _value(name: str, content: str | bytes) -> Any:
    """A form carries dicts and lists as JSON text, or as Python writes them; other text stays what it is."""
    if isinstance(content, bytes) or steps(name)[-1] in _SCALARS or content.lstrip()[:1] not in ("{", "["):
        return content
    for read in (_json, _python_literal):
        try:
            return read(content)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
    return content


def _json(text: str) -> Any:
    return jsontext.parse(text.encode())


def _python_literal(text: str) -> Any:
    """Read what Python's str() makes of a dict; only literals are read, nothing is evaluated."""
    if text.count("[") + text.count("{") + text.count("(") > jsontext.MAX_DEPTH:
        raise ValueError("it is nested too deeply to be tried")
    return _json(jsontext.dump(ast.literal_eval(text)))

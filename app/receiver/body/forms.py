"""Form bodies, multipart and urlencoded, become a document of the shape that JSON has."""

import ast
import json
from collections.abc import Iterable
from typing import Any

from app import jsontext
from app.domain.firmware import SCALAR_NAMES
from app.errors import Unreadable
from app.receiver.body.charsets import charset_of
from app.receiver.body.form_keys import gather, steps
from app.receiver.body.media_types import media_type_of
from app.receiver.body.multipart import Part, parts_of
from app.receiver.body.urlencoded import fields_of

_MOST_LITERALS = 10_000


def multipart_document(body: bytes, boundary: str) -> tuple[dict[str, Any], str]:
    """Read multipart form data; returns the document and its charset.

    Parts that are pictures, and files that are no text, are bytes.

    Raises:
        Unreadable: the parts can't be told apart, or are no text.
    """
    try:
        fields, charset = multipart_fields(body, boundary)
        return _document(fields), charset
    except ValueError as error:
        raise Unreadable(f"The body is not valid multipart form data: {_reason(error)}") from None


def multipart_fields(body: bytes, boundary: str) -> tuple[list[tuple[str, str | bytes]], str]:
    """The fields of multipart form data, each a name and a value, and their charset.

    Raises:
        ValueError: as above.
    """
    parts = [(part, _is_binary(part)) for part in parts_of(body, boundary)]
    charset = charset_of(part.content for part, is_binary in parts if not is_binary)
    fields = [
        (part.name, part.content if is_binary else part.content.decode(charset)) for part, is_binary in parts
    ]
    return fields, charset


def urlencoded_document(body: bytes) -> tuple[dict[str, Any], str]:
    """Read urlencoded form data; returns the document and its charset.

    Raises:
        Unreadable: it is no text, or has too many fields.
    """
    try:
        fields, charset = fields_of(body)
        return _document(fields), charset
    except ValueError as error:
        raise Unreadable(f"The body is not valid urlencoded form data: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Decoding errors quote the body, and so a face; their position is enough."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} of a value is not {error.encoding}"
    return str(error)


def _is_binary(part: Part) -> bool:
    """Whether a part is a picture, or a file that is no text: senders mark neither reliably."""
    return media_type_of(part.content) is not None or (part.is_file and not _is_utf8(part.content))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _document(pairs: Iterable[tuple[str, str | bytes]]) -> dict[str, Any]:
    document = gather((name, _value(name, content)) for name, content in pairs)
    if not document:
        raise ValueError("it holds no fields")
    return document


def _value(name: str, content: str | bytes) -> Any:
    """A form carries dicts and lists as JSON text, or as Python writes them; other text stays what it is."""
    if (
        isinstance(content, bytes)
        or steps(name)[-1] in SCALAR_NAMES
        or content.lstrip()[:1] not in ("{", "[")
    ):
        return content
    for read in (_json, _python_literal):
        try:
            return read(content)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
    return content


def _json(text: str) -> Any:
    return jsontext.parse(text)


def _python_literal(text: str) -> Any:
    """Read what Python's str() makes of a dict; only literals are read, nothing is evaluated."""
    if text.count("[") + text.count("{") + text.count("(") > jsontext.MAX_DEPTH:
        raise ValueError("it is nested too deeply to be tried")
    if text.count(",") > _MOST_LITERALS:
        raise ValueError("it holds too much to be tried: Python's parser takes a kilobyte for each value")
    tree = ast.parse(text.strip(), mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and len({ast.dump(key) for key in node.keys if key}) < len(node.keys):
            raise ValueError("it names a key twice")
    return _json(json.dumps(ast.literal_eval(tree), allow_nan=False))

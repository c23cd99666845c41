"""Form bodies, multipart and urlencoded, become a document of the shape that JSON has."""

import ast
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from app import jsontext
from app.domain.firmware import SCALAR_NAMES
from app.errors import Unreadable
from app.receiver.body.charsets import charset_of
from app.receiver.body.form_keys import gather, steps
from app.receiver.body.media_types import media_type_of

_MOST_PARTS = 1000
_MOST_LITERALS = 10_000

_RAW = "latin-1"  # maps each byte to one character and back


def multipart_document(body: bytes, boundary: str) -> tuple[dict[str, Any], str]:
    """Read multipart form data; returns the document and its charset.

    Parts that are pictures, and files that are no text, are bytes.

    Raises:
        Unreadable: the parts can't be told apart, or are no text.
    """
    try:
        parts = list(_parts(body, boundary))
        texts = {
            index: content for index, (part, content) in enumerate(parts) if not _is_binary(part, content)
        }
        charset = charset_of(texts.values())
        pairs = (
            (part.name, content.decode(charset) if index in texts else content)
            for index, (part, content) in enumerate(parts)
        )
        return _document(pairs), charset
    except (ValueError, RequestEntityTooLarge) as error:
        raise Unreadable(f"The body is not valid multipart form data: {_reason(error)}") from None


def urlencoded_document(body: bytes) -> tuple[dict[str, Any], str]:
    """Read urlencoded form data; returns the document and its charset.

    Raises:
        Unreadable: it is no text, or has too many fields.
    """
    try:
        raw = parse_qsl(body.decode(_RAW), True, encoding=_RAW, max_num_fields=_MOST_PARTS)
        texts = [(name.encode(_RAW), value.encode(_RAW)) for name, value in raw]
        charset = charset_of(text for pair in texts for text in pair)
        return _document((name.decode(charset), value.decode(charset)) for name, value in texts), charset
    except ValueError as error:
        raise Unreadable(f"The body is not valid urlencoded form data: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Decoding errors quote the body, and so a face; their position is enough."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} of a value is not {error.encoding}"
    return str(error)


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
            if event.name is None:
                raise ValueError("a part has no name")
            part, content = event, b""
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data:
                yield part, content


def _is_binary(part: Field | File, content: bytes) -> bool:
    """Whether a part is a picture, or a file that is no text: senders mark neither reliably."""
    if media_type_of(content):
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return isinstance(part, File)
    return False


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

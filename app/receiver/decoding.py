"""Any body becomes documents, whatever its Content-Type claims."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from werkzeug.http import parse_options_header

from app import jsontext
from app.domain.pointers import pointer
from app.errors import Problem, Unreadable, UnsupportedMedia
from app.receiver.forms import multipart_document, urlencoded_document

_KEY_AND_VALUE = re.compile(rb"\s*[A-Za-z_][\w.%\[\]-]*=")


class Encoding(StrEnum):
    """How a body carried its document."""

    JSON = "json"
    MULTIPART = "multipart"
    URLENCODED = "urlencoded"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as its documents. In forms all values are text, and bytes stand for file parts.

    `is_array`: they came as a JSON array; else there is exactly one.
    """

    documents: list[dict[str, Any]]
    encoding: Encoding
    is_array: bool = False


def decode(body: bytes, content_type: str) -> Decoded:
    """Read a body as JSON, multipart or urlencoded form data, going by what it is before what it says.

    Boxes label JSON as anything or as nothing (SE3 protocol, section 5).

    Raises:
        Unreadable: the body is one of these, but broken.
        UnsupportedMedia: the body is none of these.
    """
    if not body.strip():
        raise Unreadable("The body is empty: the box must send one event as JSON or form data")
    media_type, options = parse_options_header(content_type)
    if _looks_like_json(body) or media_type.endswith("json"):
        return _decode_json(body)
    if boundary := options.get("boundary") or _first_boundary(body):
        return Decoded([multipart_document(body, boundary)], Encoding.MULTIPART)
    if _KEY_AND_VALUE.match(body) or media_type == "application/x-www-form-urlencoded":
        return Decoded([urlencoded_document(body)], Encoding.URLENCODED)
    raise UnsupportedMedia(
        f"The body is neither JSON nor form data (Content-Type: {media_type[:80] or 'none'}):"
        " set the box's content-type to json or form-data"
    )


def _looks_like_json(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _decode_json(body: bytes) -> Decoded:
    try:
        value = jsontext.parse(body)
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_without_content(error)}") from None
    documents = value if isinstance(value, list) else [value]
    if not documents:
        raise Unreadable("The body is an empty array: there is no event in it")
    wrong = [index for index, document in enumerate(documents) if not isinstance(document, dict)]
    if wrong and documents is value:
        raise Unreadable([Problem(pointer(index), "must be an event, { … }") for index in wrong])
    if wrong:
        raise Unreadable("The body must be one JSON object, { … }, or an array of them")
    return Decoded(documents, Encoding.JSON, is_array=isinstance(value, list))


def _without_content(error: ValueError) -> str:
    """Decoding errors quote the body, and so a face; their position is enough."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not {error.encoding}"
    return "half of a surrogate pair" if isinstance(error, UnicodeEncodeError) else str(error)


def _first_boundary(body: bytes) -> str | None:
    """The boundary of a multipart body whose Content-Type was lost."""
    first_line, _, rest = body.partition(b"\r\n")
    if first_line.startswith(b"--") and rest[:20].lower().startswith(b"content-disposition"):
        return first_line[2:].decode("latin-1")
    return None

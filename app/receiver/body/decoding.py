"""Any body becomes documents, whatever its Content-Type claims."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from werkzeug.http import parse_options_header

from app import jsontext
from app.domain.pointers import pointer
from app.domain.warnings import EventWarning
from app.errors import Invalid, Problem, Refused, Unreadable, UnsupportedMedia
from app.receiver.body.charsets import UTF_8, charset_of, charset_warnings
from app.receiver.body.forms import multipart_document, urlencoded_document
from app.receiver.body.unpacking import gunzip, inflate

Item = TypeVar("Item")

_MOST_EVENTS = 200  # of one array: a box sends rounds of a hundred, and all others wait for the transaction
_BEFORE_JSON = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"  # byte order marks, blanks, zeros of UTF-16 and UTF-32
_KEY_AND_VALUE = re.compile(rb"\s*[A-Za-z_][\w.%\[\]-]*=")


class Encoding(StrEnum):
    """How a body carried its document."""

    JSON = "json"
    MULTIPART = "multipart"
    URLENCODED = "urlencoded"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as its documents. In forms all values are text, and bytes stand for file parts.

    `is_array`: they came as a JSON array; else there is exactly one. `warnings` concern the whole body.
    """

    documents: list[dict[str, Any]]
    encoding: Encoding
    is_array: bool = False
    warnings: tuple[EventWarning, ...] = ()

    def read_each(self, read: Callable[[dict[str, Any]], Item]) -> list[Item]:
        """What `read` makes of each document.

        Raises:
            Invalid: `read` raised it, once or more; with all that is wrong in any of them.
        """
        items: list[Item] = []
        faults: list[Invalid] = []
        for index, document in enumerate(self.documents):
            try:
                items.append(read(document))
            except Invalid as error:
                faults.append(error.within(pointer(index)) if self.is_array else error)
        if faults:
            raise type(faults[0])([problem for fault in faults for problem in fault.problems])
        return items


def decode(body: bytes, content_type: str, most_bytes: int) -> Decoded:
    """Read a body as JSON, multipart or urlencoded form data, going by what it is before what it says.

    Boxes label JSON as anything or as nothing (SE3 protocol, section 5). A body may be compressed with gzip
    or deflate; it is unpacked up to `most_bytes`.

    Raises:
        Unreadable: the body is one of these, but broken.
        UnsupportedMedia: the body is none of these.
        TooLarge: it is compressed and holds more than `most_bytes`.
    """
    body = unpacked(body, most_bytes)
    carrier = carrier_of(body, content_type)
    if carrier is None:
        raise _neither(body, content_type)
    encoding, boundary = carrier
    if encoding is Encoding.JSON:
        return _decode_json(body)
    document, charset = (
        multipart_document(body, boundary) if encoding is Encoding.MULTIPART else urlencoded_document(body)
    )
    return Decoded([document], encoding, warnings=charset_warnings(charset))


def unpacked(body: bytes, most_bytes: int) -> bytes:
    """A body without its compression, as above.

    Raises:
        Unreadable: it begins as gzip, but is broken.
        TooLarge: it holds more than `most_bytes`.
    """
    body = gunzip(body, most_bytes)
    return body if _looks_like_text(body) else inflate(body, most_bytes) or body


def carrier_of(body: bytes, content_type: str) -> tuple[Encoding, str] | None:
    """How an unpacked body carries its document, and the boundary of a multipart one; None if unknown."""
    if _looks_like_json(body):
        return Encoding.JSON, ""
    if not body.strip():
        return None
    media_type, options = parse_options_header(content_type)
    if media_type.endswith("json"):
        return Encoding.JSON, ""
    if boundary := options.get("boundary") or _first_boundary(body):
        return Encoding.MULTIPART, boundary
    if _KEY_AND_VALUE.match(body) or media_type == "application/x-www-form-urlencoded":
        return Encoding.URLENCODED, ""
    return None


def json_of(body: bytes) -> tuple[Any, str]:
    """The value that an unpacked JSON body holds, and its charset.

    Raises:
        ValueError: it is not JSON, or in no charset that is known.
    """
    unicode = json.detect_encoding(body)
    try:
        return jsontext.parse(body), unicode
    except UnicodeDecodeError:
        if unicode != UTF_8:
            raise
    charset = charset_of([body])
    return jsontext.parse(body.decode(charset)), charset


def _neither(body: bytes, content_type: str) -> Refused:
    if not body.strip():
        return Unreadable("The body is empty: the box must send one event as JSON or form data")
    media_type, _ = parse_options_header(content_type)
    return UnsupportedMedia(
        f"The body is neither JSON nor form data (Content-Type: {media_type[:80] or 'none'}):"
        " set the box's content-type to json or form-data"
    )


def _looks_like_text(body: bytes) -> bool:
    """Whether a body begins as one that is not compressed."""
    return body.startswith(b"--") or _looks_like_json(body) or bool(_KEY_AND_VALUE.match(body))


def _looks_like_json(body: bytes) -> bool:
    return body.lstrip(_BEFORE_JSON)[:1] in (b"{", b"[")


def _decode_json(body: bytes) -> Decoded:
    try:
        value, charset = json_of(body)
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_without_content(error)}") from None
    is_array = isinstance(value, list)
    return Decoded(_events(value), Encoding.JSON, is_array, charset_warnings(charset))


def _events(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list) or not value:
        raise Unreadable("The body must be one JSON object, { … }, or an array of them")
    if len(value) > _MOST_EVENTS:
        raise Unreadable(f"The array holds {len(value)} events; at most {_MOST_EVENTS} are taken at once")
    if wrong := [index for index, item in enumerate(value) if not isinstance(item, dict)]:
        raise Unreadable([Problem(pointer(index), "must be an event, { … }") for index in wrong])
    return value


def _without_content(error: ValueError) -> str:
    """Decoding errors quote the body, and so a face; their position is enough."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not {error.encoding}"
    return "half of a surrogate pair" if isinstance(error, UnicodeEncodeError) else str(error)


def _first_boundary(body: bytes) -> str | None:
    """The boundary of a multipart body whose Content-Type was lost."""
    if not body.startswith(b"--"):
        return None
    first_line, _, rest = body.partition(b"\r\n")
    has_headers = rest[:20].lower().startswith(b"content-disposition")
    return first_line[2:].decode("latin-1") if has_headers else None

"""Any body becomes one document, whatever its Content-Type claims."""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

import pybase64
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from app import jsontext
from app.errors import Unreadable, UnsupportedMedia

# The contract's fields that are text or numbers: in a form their text is the value itself, never JSON.
_SCALARS = frozenset(
    {
        *("identity_id", "identity_name", "group_name", "timestamp", "score", "want_action"),
        *("dev_sno", "device_ip", "ep_id", "person_type", "device_type"),
        *("reg_pic", "spot_pic", "recognize_face", "ir_pic"),
    }
)
_MOST_PARTS = 1000
_KEY_AND_VALUE = re.compile(rb"\s*[A-Za-z_][\w.%\[\]-]*=")

FormValue = str | bytes


class Encoding(StrEnum):
    """How a body carried its document."""

    JSON = "json"
    MULTIPART = "multipart"
    URLENCODED = "urlencoded"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body as a document. In forms all values are text, and bytes stand for file parts."""

    document: dict[str, Any]
    encoding: Encoding


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
        return Decoded(_json_object(body), Encoding.JSON)
    if boundary := options.get("boundary") or _first_boundary(body):
        return Decoded(_document(_multipart(body, boundary.encode())), Encoding.MULTIPART)
    if _KEY_AND_VALUE.match(body):
        return Decoded(_document(_urlencoded(body)), Encoding.URLENCODED)
    raise UnsupportedMedia(
        f"The body is neither JSON nor form data (Content-Type: {media_type[:80] or 'none'}):"
        " set the box's content-type to json or form-data"
    )


def _looks_like_json(body: bytes) -> bool:
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = jsontext.parse(body)
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_without_content(error)}") from None
    if not isinstance(document, dict):
        raise Unreadable("The body must be one JSON object, { … }")
    return document


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


def _multipart(body: bytes, boundary: bytes) -> Iterable[tuple[str, FormValue]]:
    parser = MultiPartParser(max_form_memory_size=None, max_form_parts=_MOST_PARTS)
    try:
        form, files = parser.parse(io.BytesIO(body), boundary, len(body))
    except (ValueError, RequestEntityTooLarge) as error:
        raise Unreadable(f"The body is not valid multipart form data: {error}") from None
    return [*form.items(multi=True), *_file_parts(files)]


def _file_parts(files: MultiDict[str, FileStorage]) -> Iterable[tuple[str, FormValue]]:
    for name, part in files.items(multi=True):
        yield name, part.stream.read()
        part.close()


def _urlencoded(body: bytes) -> Iterable[tuple[str, FormValue]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARTS)
    except ValueError as error:
        raise Unreadable(f"The body is not valid urlencoded form data: {_without_content(error)}") from None


def _document(pairs: Iterable[tuple[str, FormValue]]) -> dict[str, Any]:
    """Gather a form's pairs; a key that comes twice becomes a list, so that nothing is dropped."""
    document: dict[str, Any] = {}
    repeated: set[str] = set()
    for name, text in pairs:
        value = _value(name, text)
        if name not in document:
            document[name] = value
        else:
            earlier = document[name] if name in repeated else [_as_text(document[name])]
            document[name] = [*earlier, _as_text(value)]
            repeated.add(name)
    if not document:
        raise Unreadable("The body holds no form fields")
    return document


def _as_text(value: Any) -> Any:
    return pybase64.b64encode(value).decode() if isinstance(value, bytes) else value


def _value(name: str, text: FormValue) -> Any:
    """A form carries dicts and lists as JSON text; what doesn't parse stays the text it is."""
    if isinstance(text, bytes) or name in _SCALARS or text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return jsontext.parse(text.encode())
    except ValueError:
        return text

"""The kinds of form that boxes and scripts make of a document (SE3 protocol, section 5).

In all of them every value is text: numbers as they print, null as empty text, pictures as base64.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from urllib3.filepost import encode_multipart_formdata

URLENCODED = "application/x-www-form-urlencoded"

Encoded = tuple[bytes, dict[str, str]]
"""A body, and the HTTP headers that go with it."""

_Field = tuple[str, str | tuple[str, bytes, str]]
"""A name with a text, or with a file: its name, content and media type."""

_PICTURES = frozenset(
    {
        *("reg_pic", "spot_pic", "recognize_face", "ir_pic"),
        *("reg_image", "spot_image", "recognize_face_image", "ir_image"),
    }
)


def multipart(document: dict[str, Any]) -> Encoded:
    """Give multipart form data in which dicts and lists are JSON text."""
    return _multipart([(name, _text(value)) for name, value in document.items()])


def multipart_files(document: dict[str, Any]) -> Encoded:
    """Give multipart form data with each picture as a file, one in a dict as `ext_data[spot_pic]`."""
    return _multipart([field for name, value in document.items() for field in _with_files(name, value)])


def urlencoded(document: dict[str, Any]) -> Encoded:
    """Give an urlencoded form in which dicts and lists are JSON text."""
    return _urlencoded([(name, _text(value)) for name, value in document.items()])


def bracketed(document: dict[str, Any]) -> Encoded:
    """Give multipart form data whose names reach into dicts and lists, as PHP and qs write them."""
    return _multipart([field for name, value in document.items() for field in _bracketed(name, value)])


def dotted(document: dict[str, Any]) -> Encoded:
    """Give multipart form data whose names reach into dicts with a dot; deeper dicts are JSON text."""
    return _multipart([(".".join(path), _text(value)) for path, value in _members(document)])


def python(document: dict[str, Any]) -> Encoded:
    """Give multipart form data in which dicts and lists are what Python's str() makes of them."""
    texts = [str(value) if isinstance(value, dict | list) else _text(value) for value in document.values()]
    return _multipart(list(zip(document, texts, strict=True)))


def flattened(document: dict[str, Any]) -> Encoded:
    """Give an urlencoded form with the members of dicts at the top level; deeper dicts are JSON text."""
    return _urlencoded([(path[-1], _text(value)) for path, value in _members(document)])


def names_only(document: dict[str, Any]) -> Encoded:
    """Give what Python's requests makes of a nested dict: repeated keys, whose values are lost."""
    sent = {name: value for name, value in document.items() if value is not None}
    return urlencode(sent, doseq=True).encode(), {"Content-Type": URLENCODED}


def _multipart(fields: Sequence[_Field]) -> Encoded:
    body, content_type = encode_multipart_formdata(fields)
    return body, {"Content-Type": content_type}


def _urlencoded(fields: list[tuple[str, str]]) -> Encoded:
    return urlencode(fields).encode(), {"Content-Type": URLENCODED}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _members(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from (((name, inner), item) for inner, item in value.items())
        else:
            yield (name,), value


def _bracketed(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _bracketed(f"{name}[{key}]", item)
    elif isinstance(value, list):
        for item in value:
            yield from _bracketed(f"{name}[]", item)
    else:
        yield name, _text(value)


def _with_files(name: str, value: Any) -> Iterator[_Field]:
    if not isinstance(value, dict):
        yield name, _file(name, value) if _is_picture(name, value) else _text(value)
        return
    pictures = {key: item for key, item in value.items() if _is_picture(key, item)}
    yield name, _text({key: item for key, item in value.items() if key not in pictures})
    for key, item in pictures.items():
        yield f"{name}[{key}]", _file(key, item)


def _is_picture(name: str, value: Any) -> bool:
    return name in _PICTURES and isinstance(value, str) and value != ""


def _file(name: str, picture: str) -> tuple[str, bytes, str]:
    return f"{name}.jpg", b64decode(picture), "image/jpeg"

"""The encodings a box can be set to (SE3 protocol, section 5)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from urllib3.filepost import encode_multipart_formdata


def encode(event: dict[str, Any], encoding: str) -> tuple[bytes, str]:
    """Give the body and its Content-Type for this event in this encoding (one of ENCODINGS).

    In the two kinds of form every value is text: numbers as they print, dicts and lists as JSON text,
    pictures as base64.
    """
    return _ENCODERS[encoding](event)


def _json(event: dict[str, Any]) -> tuple[bytes, str]:
    return json.dumps(event).encode(), "application/json"


def _multipart(event: dict[str, Any]) -> tuple[bytes, str]:
    return encode_multipart_formdata(_texts(event))


def _urlencoded(event: dict[str, Any]) -> tuple[bytes, str]:
    return urlencode(_texts(event)).encode(), "application/x-www-form-urlencoded"


_ENCODERS: dict[str, Callable[[dict[str, Any]], tuple[bytes, str]]] = {
    "json": _json,
    "multipart": _multipart,
    "urlencoded": _urlencoded,
}
ENCODINGS = tuple(_ENCODERS)


def _texts(event: dict[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in event.items()
    }

"""One document in each encoding that boxes use, as bytes and Content-Type."""

import json
from typing import Any
from urllib.parse import quote, urlencode

from urllib3.filepost import encode_multipart_formdata

Body = tuple[bytes, str]


def as_json(document: dict[str, Any]) -> Body:
    """JSON, labelled as such."""
    return json.dumps(document, ensure_ascii=False).encode(), "application/json"


def as_multipart(document: dict[str, Any]) -> Body:
    """Multipart form data, each value a text part."""
    return encode_multipart_formdata(_fields(document))


def as_urlencoded(document: dict[str, Any]) -> Body:
    """An urlencoded form, escaped as it should be."""
    return urlencode(_fields(document)).encode(), "application/x-www-form-urlencoded"


def as_careless_urlencoded(document: dict[str, Any]) -> Body:
    """An urlencoded form whose sender leaves plus signs as they are."""
    pairs = [f"{name}={quote(text, safe='+/')}" for name, text in _fields(document).items()]
    return "&".join(pairs).encode(), "application/x-www-form-urlencoded"


ENCODINGS = {
    "json": as_json,
    "multipart": as_multipart,
    "urlencoded": as_urlencoded,
    "careless urlencoded": as_careless_urlencoded,
}


def _fields(document: dict[str, Any]) -> dict[str, str]:
    return {
        name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in document.items()
    }

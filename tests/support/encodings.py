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


def as_bracketed(document: dict[str, Any]) -> Body:
    """A form whose names reach into ext_data, as PHP and qs write them."""
    pairs = [pair for name, value in document.items() for pair in _bracketed(name, value)]
    return encode_multipart_formdata(pairs)


def as_dotted(document: dict[str, Any]) -> Body:
    """A form whose names reach into ext_data with a dot; deeper objects are JSON text."""
    inner = {f"ext_data.{name}": value for name, value in document["ext_data"].items()}
    return as_multipart({name: value for name, value in document.items() if name != "ext_data"} | inner)


def as_python(document: dict[str, Any]) -> Body:
    """A form in which ext_data is what Python's str() makes of it."""
    return encode_multipart_formdata({name: str(value) for name, value in document.items()})


def as_flattened(document: dict[str, Any]) -> Body:
    """A form without ext_data, whose fields stand at the top."""
    flat = {**document, **document["ext_data"]}
    del flat["ext_data"]
    return as_urlencoded(flat)


DIALECTS = {
    "bracketed": as_bracketed,
    "dotted": as_dotted,
    "python": as_python,
    "flattened": as_flattened,
}
"""Forms whose nested values are not JSON text (SE3 protocol, section 5)."""


def _bracketed(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _bracketed(f"{name}[{key}]", item)]
    if isinstance(value, list):
        return [pair for item in value for pair in _bracketed(f"{name}[]", item)]
    return [(name, str(value))]


def _fields(document: dict[str, Any]) -> dict[str, str]:
    return {
        name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in document.items()
    }

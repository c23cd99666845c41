"""A document as a request of a box; see `app.simulators.encodings` for what boxes send."""

from collections.abc import Callable
from functools import partial
from typing import Any

from app.simulators.encodings import encode
from app.simulators.form_encodings import Encoded

as_json = partial(encode, encoding="json")
as_multipart = partial(encode, encoding="multipart")
as_urlencoded = partial(encode, encoding="urlencoded")


def as_careless_urlencoded(document: dict[str, Any]) -> Encoded:
    """An urlencoded form whose sender leaves plus signs as they are."""
    body, headers = as_urlencoded(document)
    return body.replace(b"%2B", b"+"), headers


ENCODINGS: dict[str, Callable[[dict[str, Any]], Encoded]] = {
    "json": as_json,
    "multipart": as_multipart,
    "urlencoded": as_urlencoded,
    "careless urlencoded": as_careless_urlencoded,
}
DIALECTS = {name: partial(encode, encoding=name) for name in ("bracketed", "dotted", "python", "flattened")}
"""Forms whose nested values are not JSON text (SE3 protocol, section 5)."""

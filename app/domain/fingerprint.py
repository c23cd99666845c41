"""When are two bodies the same event? When their content is, whatever encoding carried it."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Set
from decimal import Context, Decimal
from typing import Any

from app.domain.firmware import CONTAINERS, TEXT_NAMES

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 400  # characters; longer digit strings are compared as they stand
_EXACT = Context(prec=_LONGEST_NUMBER)
_TRUTHS = {"True": "true", "False": "false"}  # as Python's senders of forms write them


def fingerprint(document: Mapping[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    """Hash the content of a document (32 bytes), so coarsely that a form has the hash of its JSON.

    `pictures` maps the JSON Pointer of each picture to its SHA-256. Key order does not count, nor whether a
    field stands in a container such as ext_data or beside it, nor the difference between a number and the
    text a form would carry for it; null, "" and {} count as nothing, for a form can't tell them from a
    missing field.
    """
    places = {pointer[1:]: sha256.hex() for pointer, sha256 in pictures.items()}
    _add_leaves(places, document, "")
    hoisted = _hoisted(places)
    leaves = sorted((_place(path, hoisted), text) for path, text in places.items())
    lines = [f"{len(place)}:{place}{len(text)}:{text}" for place, text in leaves]
    return hashlib.sha256("".join(lines).encode()).digest()


def _add_leaves(places: dict[str, str], value: Any, path: str) -> None:
    """Add what `value`, to which `path` leads, holds; `path` ends with a slash if it isn't empty."""
    for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
        name = str(key).replace("~", "~0").replace("/", "~1")
        place = path + name
        if isinstance(item, (dict, list)):
            _add_leaves(places, item, place + "/")
        elif place not in places and (text := _text(item, name)):
            places[place] = text


def _hoisted(places: Iterable[str]) -> Set[str]:
    """The names that stand in one container and not beside it: there they count as if they did."""
    beside: set[str] = set()
    containers: dict[str, str] = {}
    in_two: set[str] = set()
    for path in places:
        first, slash, rest = path.partition("/")
        beside.add(first)
        if slash and first in CONTAINERS:
            name = rest.partition("/")[0]
            if containers.setdefault(name, first) != first:
                in_two.add(name)
    return containers.keys() - beside - in_two


def _place(path: str, hoisted: Set[str]) -> str:
    first, slash, rest = path.partition("/")
    return rest if slash and first in CONTAINERS and rest.partition("/")[0] in hoisted else path


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _TRUTHS.get(value, value) if isinstance(value, str) else str(value)
    if name in TEXT_NAMES or len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return text
    return _plain_number(text)


def _plain_number(text: str) -> str:
    """One spelling for each number; a fraction counts as the double that JSON makes of it."""
    exact = text if text.lstrip("-").isdigit() or math.isinf(float(text)) else repr(float(text))
    normal = exact[-1] != "0" and "e" not in exact and "E" not in exact
    return exact if normal else str(Decimal(exact).normalize(_EXACT))

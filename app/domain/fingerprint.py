"""When are two bodies the same event? When their content is, whatever encoding carried it."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from decimal import Context, Decimal
from typing import Any

from app.domain.firmware import CONTAINERS, TEXT_NAMES

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 400  # characters; longer digit strings are compared as they stand
_EXACT = Context(prec=_LONGEST_NUMBER)

Path = tuple[str, ...]


def fingerprint(document: Mapping[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    """Hash the content of a document (32 bytes), so coarsely that a form has the hash of its JSON.

    `pictures` maps the JSON Pointer of each picture to its SHA-256. Key order does not count, nor whether a
    field stands in a container such as ext_data or beside it, nor the difference between a number and the
    text a form would carry for it; null, "" and {} count as nothing, for a form can't tell them from a
    missing field.
    """
    places = {tuple(pointer.split("/")[1:]): sha256.hex() for pointer, sha256 in pictures.items()}
    places |= {path: text for path, text in _leaves(document, ()) if text and path not in places}
    hoisted = _hoisted(places)
    leaves = sorted(("/".join(_place(path, hoisted)), text) for path, text in places.items())
    lines = [f"{len(place)}:{place}{len(text)}:{text}" for place, text in leaves]
    return hashlib.sha256("".join(lines).encode()).digest()


def _hoisted(places: Iterable[Path]) -> Set[str]:
    """The names that stand in one container and not beside it: there they count as if they did."""
    beside = {path[0] for path in places}
    inside = Counter(
        name for _, name in {path[:2] for path in places if len(path) > 1 and path[0] in CONTAINERS}
    )
    return {name for name, containers in inside.items() if containers == 1 and name not in beside}


def _place(path: Path, hoisted: Set[str]) -> Path:
    return path[1:] if len(path) > 1 and path[0] in CONTAINERS and path[1] in hoisted else path


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key.replace("~", "~0").replace("/", "~1")))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, str(index)))
    else:
        yield path, _text(value, path[-1])


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = {"True": "true", "False": "false"}.get(value, value) if isinstance(value, str) else str(value)
    if name in TEXT_NAMES or len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return text
    return _plain_number(text)


def _plain_number(text: str) -> str:
    """One spelling for each number; a fraction counts as the double that JSON makes of it."""
    exact = text if text.lstrip("-").isdigit() or math.isinf(float(text)) else repr(float(text))
    return str(Decimal(exact).normalize(_EXACT))

"""When are two bodies the same event? When their content is, whatever encoding carried it."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from typing import Any

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 400  # characters; longer digit strings are compared as they stand
_EXACT = Context(prec=_LONGEST_NUMBER)

Path = tuple[str, ...]


def fingerprint(document: Mapping[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    """Hash the content of a document (32 bytes).

    `pictures` maps the JSON Pointer of each picture to its SHA-256. Key order does not count, nor whether a
    contract field stands in ext_data or beside it, nor the difference between a value and the text a form
    would carry for it; null, "" and {} count as nothing, for a form can't tell them from a missing field.
    """
    leaves = {(_place(path), text) for path, text in _leaves(document, ()) if text}
    leaves |= {(_place(tuple(pointer.split("/")[1:])), sha256.hex()) for pointer, sha256 in pictures.items()}
    lines = [f"{len(place)}:{place}{len(text)}:{text}" for place, text in sorted(leaves)]
    return hashlib.sha256("".join(lines).encode()).digest()


def _place(path: Path) -> str:
    return "/".join(path[1:] if path[0] == "ext_data" else path)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key.replace("~", "~0").replace("/", "~1")))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, str(index)))
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return text
    return str(Decimal(text).normalize(_EXACT))

"""JSON in and out without losing anything: big integers stay exact, ambiguous text is refused."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_BEYOND_64_BITS = 2.0**63
MAX_VALUES = 100_000  # roughly, by commas; a document of a million takes seconds
MAX_DEPTH = 200  # levels; far beyond any box, and well inside Python's own recursion limit


def parse(body: bytes | str) -> Any:
    """Parse JSON text; bytes are UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    orjson parses in a third of the time, but turns integers beyond 64 bits into floats and keeps only the
    last of two equal keys. What it refuses or may have changed is parsed again, by the standard library.

    Raises:
        ValueError: the text is not JSON, or is JSON that can't be given back as it came.
    """
    utf8 = body.encode() if isinstance(body, str) else body  # raises where it holds half a surrogate pair
    if len(utf8) <= MAX_VALUES or _count(utf8, b",", MAX_VALUES) <= MAX_VALUES:
        try:
            value = orjson.loads(utf8)
        except orjson.JSONDecodeError:
            return _parse_exactly(body)
        if _is_exact(utf8, value):
            return value
    return _parse_exactly(body)


def dump(value: Any) -> str:
    """Write `value` as compact JSON text, non-ASCII characters as they are, keys in their order."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> str:
    """Write `value` so that equal documents, whatever the order of their keys, give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _count(text: bytes, character: bytes, most: int) -> int:
    """How often a character comes in a text, up to one more than `most`.

    Between pictures there is little else: find leaps over them, bytes.count looks at each of their bytes.
    """
    found, place = 0, text.find(character)
    while place >= 0 and found <= most:
        found, place = found + 1, text.find(character, place + 1)
    return found


def _is_exact(text: bytes, value: Any) -> bool:
    """Whether orjson's `value` is sure to be all that `text` says; False where this can't be told cheaply.

    Each key and each string of a text has two quotes, and one more for each escaped quote. So where the text
    has just two for each of those in the value, no key was dropped.
    """
    strings, depth, level = 0, 0, [value]
    while level:
        depth += 1
        inner: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                strings += 1
            elif kind is dict:
                strings += len(item)
                inner += item.values()
            elif kind is list:
                inner += item
            elif kind is float and abs(item) >= _BEYOND_64_BITS:  # it may have been an integer
                return False
        level = inner
    return depth <= MAX_DEPTH and _count(text, b'"', 2 * strings) == 2 * strings


def _parse_exactly(body: bytes | str) -> Any:
    text = body if isinstance(body, str) else body.decode(json.detect_encoding(body))
    if text.count(",") > MAX_VALUES:
        raise ValueError(f"it holds more than {MAX_VALUES} values")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels") from None
    _refuse_deep_nesting(text, value)
    _refuse_lone_surrogates(text, value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counted = Counter(name for name, _ in pairs)
        raise ValueError(f"an object names the key {counted.most_common(1)[0][0][:40]!r} twice")
    return found


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is beyond what a double holds")
    return number


def _refuse_deep_nesting(text: str, value: Any) -> None:
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def _depth(value: Any) -> int:
    level, depth = [value], 1
    while level := [child for item in level for child in _children(item)]:
        depth += 1
    return depth


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _refuse_lone_surrogates(text: str, value: Any) -> None:
    """A lone surrogate is half a character: neither database could keep it. Only an escape can make one."""
    if _SURROGATE_ESCAPE.search(text):
        json.dumps(value, ensure_ascii=False).encode()

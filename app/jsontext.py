"""JSON in and out without losing anything: big integers stay exact, ambiguous text is refused."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
MAX_VALUES = 100_000  # roughly, by commas; a document of a million takes seconds
MAX_DEPTH = 200  # levels; far beyond any box, and well inside Python's own recursion limit


def parse(body: bytes | str) -> Any:
    """Parse JSON text; bytes are UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    The standard library parses, because orjson turns integers beyond 64 bits into floats and keeps only the
    last of two equal keys.

    Raises:
        ValueError: the text is not JSON, or is JSON that can't be given back as it came.
    """
    if isinstance(body, str):
        body.encode()  # raises where it holds half a surrogate pair
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


def dump(value: Any) -> str:
    """Write `value` as compact JSON text, non-ASCII characters as they are, keys in their order."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> str:
    """Write `value` so that equal documents, whatever the order of their keys, give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


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

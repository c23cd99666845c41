"""What a person changed of a body before it was admitted, in one line that stays on record."""

import hashlib
from collections.abc import Iterator
from typing import Any

from app import jsontext
from app.domain.pointers import pointer
from app.receiver.refused.opening import FormBody, JsonBody, Opened, TextBody
from app.receiver.refused.shortening import shortened

_LONGEST_VALUE = 200  # characters
_LONGEST = 2000


def changes(before: Opened, after: Opened, text_after: str) -> str:
    """Say what was changed: each place with its value before and after.

    Of a text that can't be read it is the part between what both have in common.
    `text_after`: the corrected body as it is.
    """
    if isinstance(before, JsonBody | FormBody):
        found = _changed_places(dict(_places(before)), dict(_places(after)))
    elif isinstance(before, TextBody):
        found = [_changed_part(before.text, text_after)]
    else:
        found = [f"all {len(before.content)} bytes"]
    return "; ".join(found)[:_LONGEST]


def _changed_places(before: dict[str, str], after: dict[str, str]) -> list[str]:
    places = dict.fromkeys([*before, *after])
    return [
        f"{place} {before.get(place, 'nothing')} → {after.get(place, 'nothing')}"
        for place in places
        if before.get(place) != after.get(place)
    ]


def _places(opened: Opened) -> Iterator[tuple[str, str]]:
    """Each place that holds a value, with the value."""
    if isinstance(opened, JsonBody):
        yield from _leaves(opened.value, ())
    elif isinstance(opened, FormBody):
        for index, (name, value) in enumerate(opened.fields):
            again = sum(other == name for other, _ in opened.fields[:index])
            yield jsontext.dump(name) + (f" ({again + 1})" if again else ""), _shown(value)
    else:
        yield "", "no document"


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield jsontext.dump(pointer(*path))[1:-1], _shown(value)  # a name may hold what no text may


def _changed_part(before: str, after: str) -> str:
    """The part between what both begin and end with."""
    start = _same(before, after)
    end = _same(before[start:][::-1], after[start:][::-1])
    parts = [_shown(text[start : len(text) - end]) for text in (before, after)]
    return f"at character {start} {parts[0]} → {parts[1]}"


def _same(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _shown(value: Any) -> str:
    """A value in a few words; two pictures are told apart by their SHA-256."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes, {_digest(value)}>"
    text = value if isinstance(value, str) else jsontext.dump(value)
    short = shortened(text, lambda run: f"<{len(run)} characters of base64, {_digest(run.encode())}>")
    quoted = jsontext.dump(short) if isinstance(value, str) else short
    return (
        quoted if len(quoted) <= _LONGEST_VALUE else f"{quoted[:_LONGEST_VALUE]}… ({_digest(text.encode())})"
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]

"""Finds which known text a reason was made from, and says it in the reader's language."""

import functools
import re

from flask_babel import gettext

from app.console.reasons.known_texts import KNOWN_TEXTS

_VALUE = re.compile(r"%\((\w+)\)s")
_PLACES = ("(?P<_place>)", r"(?P<_place>\S+ )")  # nothing; a field of a body, EnOS's code or a path
_REMARK = re.compile(r"(.+?)( \(.*\))", re.DOTALL)  # what others say, behind what we say
_SEVERAL = "; "


def translated(reason: str) -> str:
    """A reason, or several that `; ` joins, in the reader's language; what is not ours stays as it is."""
    if found := _found(reason):
        place, text, values = found
        words = str(gettext(text, **{name: translated(value) for name, value in values}))
        return place + words
    if (remark := _REMARK.fullmatch(reason)) and _found(remark[1]):
        return translated(remark[1]) + remark[2]
    return _each_translated(reason)


def is_known(reason: str) -> bool:
    """Whether it was made from a known text."""
    return _found(reason) is not None


def _each_translated(reasons: str) -> str:
    """Reasons have semicolons of their own: the longest beginning that is known counts."""
    parts = reasons.split(_SEVERAL)
    for end in range(len(parts) - 1, 0, -1):
        if is_known(beginning := _SEVERAL.join(parts[:end])):
            return translated(beginning) + _SEVERAL + translated(_SEVERAL.join(parts[end:]))
    first, separator, rest = reasons.partition(_SEVERAL)
    return first + separator + translated(rest) if rest else reasons


@functools.lru_cache(maxsize=2000)
def _found(reason: str) -> tuple[str, str, tuple[tuple[str, str], ...]] | None:
    """Where it is, the known text it was made from, and the values in it."""
    for text, pattern in _patterns():
        if match := pattern.fullmatch(reason):
            values = match.groupdict()
            return values.pop("_place"), text, tuple(values.items())
    return None


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (text, re.compile(place + _pattern(text), re.DOTALL)) for place in _PLACES for text in KNOWN_TEXTS
    ]


def _pattern(text: str) -> str:
    """Where kinds of fault are shown, … stands for each number."""
    literals = _VALUE.split(text)
    for index, part in enumerate(literals):
        is_name = index % 2 == 1
        literals[index] = f"(?P<{part}>.*?)" if is_name else re.sub(r"\d+", r"(?:\\d+|…)", re.escape(part))
    return "".join(literals)

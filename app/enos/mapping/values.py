"""A value in the type that the thing model asks for (EnOS protocol, section 4)."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from app.domain.times import to_milliseconds

LONGEST_STRING = 1024  # bytes in UTF-8


def converter(type_name: str, length: int = LONGEST_STRING) -> Callable[[Any], Any]:
    """Give what converts a value; None and empty text give None, for EnOS takes neither.

    `type_name`: one of SCALARS. `length`: the most bytes of a string, which is cut between characters.

    What is given raises:
        ValueError: the value can't be expressed in the type; the text goes on from the field's name.
    """
    convert = partial(_string, length=length) if type_name == "string" else _CONVERTERS[type_name]
    return lambda value: None if value is None or value == "" else convert(value)


def _string(value: Any, length: int) -> str | None:
    text = value if isinstance(value, str) else _text(value)
    if len(text) * _MOST_BYTES_OF_A_CHARACTER <= length:
        return text
    return text.encode()[:length].decode(errors="ignore") or None  # never half a character


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError("is no single value")
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _int(value: Any) -> int:
    number = _whole(value)
    if not -(2**31) <= number < 2**31:
        raise ValueError("is beyond the 32 bits that EnOS has for an int")
    return number


def _whole(value: Any) -> int:
    number = _float(value)
    if not number.is_integer():
        raise ValueError("is no whole number")
    return int(value) if str(value).lstrip("-").isdecimal() else int(number)


def _float(value: Any) -> float:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("is no number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError("is no number")
    return number


def _bool(value: Any) -> bool:
    if str(value).lower() not in ("true", "false", "1", "0"):
        raise ValueError("is neither true nor false")
    return str(value).lower() in ("true", "1")


def _timestamp(value: Any) -> int:
    number = to_milliseconds(value) if isinstance(value, datetime) else _whole(value)
    if abs(number) > _LONGEST_TIMESTAMP:
        raise ValueError("is no time in milliseconds")
    return number


_MOST_BYTES_OF_A_CHARACTER = 4
_LONGEST_TIMESTAMP = 2**53  # beyond, a double can't tell one from the next
_NUMBER = re.compile(r" *[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)? *")
_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "int": _int,
    "float": _float,
    "double": _float,
    "bool": _bool,
    "timestamp": _timestamp,
}
SCALARS = ("string", *_CONVERTERS)
"""The types of single values; `timestamp` is whole milliseconds since 1970."""

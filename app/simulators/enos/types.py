"""Whether a value fits a type of EnOS (EnOS protocol, section 4).

INT of 32 bits and the form of DATE: the vendor's page on the data types of models. JSON itself does not tell
94 from 94.0, but EnOS's types do: here the first is an INT and no FLOAT, the second a FLOAT and no INT.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

LONGEST_STRING = 1024  # bytes in UTF-8

_INT_BOUND = 2**31

Check = Callable[[Any], str]
"""Gives "" for a value that fits, else what is wrong with it, to be read on from the value's name."""


def shape(value: Any) -> str:
    """Check a value whose type is not known: no type takes null or strings of 0 or over 1024 bytes."""
    waiting = [value]  # without recursion: a sender may nest deeply
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif item is None:
            return " holds null, which no EnOS type takes"
        elif isinstance(item, str) and _text(item):
            return " holds a string that is not 1 to 1024 bytes long"
    return ""


def object_shape(value: Any) -> str:
    """Check an event whose members are not known."""
    return shape(value) if isinstance(value, dict) else " is not an object"


def _int(value: Any) -> str:  # not isinstance, to which True is an int
    return "" if type(value) is int and -_INT_BOUND <= value < _INT_BOUND else " is not an INT"


def _float(value: Any) -> str:
    return "" if type(value) is float else " is not a number with a fraction, as FLOAT and DOUBLE are"


def _bool(value: Any) -> str:
    return "" if type(value) is bool else " is not true or false"


def _timestamp(value: Any) -> str:
    return "" if type(value) is int and value >= 0 else " is not a TIMESTAMP, a whole number of ms"


def _date(value: Any) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return " is not a DATE such as 2024-09-30 or 2024-09-30 15:30:00"
    return ""


def _file(_value: Any) -> str:
    return " is a FILE, which can't be sent over MQTT"


PLAIN: dict[str, Check] = {
    "INT": _int,
    "FLOAT": _float,
    "DOUBLE": _float,
    "BOOL": _bool,
    "TIMESTAMP": _timestamp,
    "DATE": _date,
    "FILE": _file,
}
"""The types that need no specs."""


def string(length: int) -> Check:
    """Make the check for STRING of at most `length` bytes in UTF-8."""

    def check(value: Any) -> str:
        # In UTF-8 a character takes four bytes at most: nearly all texts need not be encoded to be measured.
        if type(value) is str and value and (len(value) * 4 <= length or len(value.encode()) <= length):
            return ""
        return f" is not a STRING of 1 to {length} bytes"

    return check


def enum(values: Mapping[str, Any]) -> Check:
    """Make the check for ENUM: a whole number or text, which is among `values` if there are any."""

    def check(value: Any) -> str:
        fits = type(value) in (int, str) and (not values or str(value) in values)
        return "" if fits else " is not a value of its ENUM"

    return check


def array(size: int, item: Check) -> Check:
    """Make the check for ARRAY: up to `size` values that all pass `item`."""

    def check(value: Any) -> str:
        if type(value) is not list or len(value) > size:
            return f" is not an ARRAY of up to {size}"
        wrong = ((place, item(one)) for place, one in enumerate(value))
        return next((f"[{place}]{fault}" for place, fault in wrong if fault), "")

    return check


def struct(members: Mapping[str, Check]) -> Check:
    """Make the check for STRUCT, and for an event: an object with none but these members, maybe not all."""

    def check(value: Any) -> str:
        if type(value) is not dict:
            return " is not an object"
        for name, member in value.items():
            if name not in members:
                return f".{name} is not in the model"
            if fault := members[name](member):
                return f".{name}{fault}"
        return ""

    return check


_text = string(LONGEST_STRING)

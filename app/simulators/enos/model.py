"""A thing model: which events and measure points a product has, and whether a value fits its type.

The file is JSON; docs/reference/commands.md describes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.errors import Se3Error
from app.simulators.enos.types import LONGEST_STRING, PLAIN, Check, array, enum, string, struct

_LONGEST_ARRAY = 128  # unless the model says so (EnOS protocol, section 4)


@dataclass(frozen=True, slots=True)
class Model:
    """What a product has: for each event and each measure point the check on its value."""

    events: Mapping[str, Check]
    measurepoints: Mapping[str, Check]


def load_model(path: Path) -> Model:
    """Read a model file.

    Raises:
        Se3Error: it can't be read, is not JSON, or is no model; the text says what is wrong where.
    """
    try:
        return read_model(orjson.loads(path.read_bytes()))
    except (OSError, ValueError, Se3Error) as error:
        raise Se3Error(f"The model {path} can't be used: {error}") from None


def read_model(document: Any) -> Model:
    """Make a model of a model file's content.

    Raises:
        Se3Error: it is no model; the text says what is wrong where.
    """
    events = {
        _get(where, event, "identifier", str): struct(_checks(where, event, "outputData"))
        for where, event in _items("", document, "events")
    }
    return Model(events, _checks("", document, "measurepoints"))


def _checks(where: str, owner: Any, name: str) -> dict[str, Check]:
    return {
        _get(place, member, "identifier", str): _check(
            f"{place}.dataType", _get(place, member, "dataType", dict)
        )
        for place, member in _items(where, owner, name)
    }


def _items(where: str, owner: Any, name: str) -> list[tuple[str, Any]]:
    place = f"{where}.{name}".lstrip(".")
    return [(f"{place}[{number}]", item) for number, item in enumerate(_get(where, owner, name, list))]


def _get(where: str, owner: Any, name: str, kind: type) -> Any:
    found = owner.get(name) if isinstance(owner, dict) else None
    if not isinstance(found, kind):
        words = {str: "text", list: "a list", dict: "an object", int: "a whole number"}
        raise Se3Error(f"{f'{where}.{name}'.lstrip('.')} is missing or not {words[kind]}")
    return found


def _check(where: str, data_type: dict[str, Any]) -> Check:
    kind = _get(where, data_type, "type", str)
    specs = _get(where, {"specs": {}} | data_type, "specs", dict)
    where = f"{where}.specs"
    if kind in PLAIN:
        return PLAIN[kind]
    if kind == "STRING":
        return string(_get(where, {"length": LONGEST_STRING} | specs, "length", int))
    if kind == "ENUM":
        return enum(specs)
    if kind == "ARRAY":
        size = _get(where, {"size": _LONGEST_ARRAY} | specs, "size", int)
        return array(size, _check(f"{where}.item", _get(where, specs, "item", dict)))
    if kind == "STRUCT":
        return struct(_checks(where, specs, "members"))
    raise Se3Error(f"{where.removesuffix('.specs')}.type {kind} is not a type of EnOS")

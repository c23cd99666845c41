"""Reads a mapping from TOML; docs/reference/mapping.md describes the file."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from app.enos.mapping.mapping import DEFAULT_MAPPING, Mapping
from app.enos.mapping_file.mapping_table import MappingTable, mapping
from app.enos.mapping_file.toml_lines import TomlLines
from app.errors import MappingError

_Place = tuple[str | int, ...]
_PLACE = re.compile(r"line (?P<line>\d+), column (?P<column>\d+)\)")


def load_mapping(path: Path | None) -> Mapping:
    """Read a mapping file; without one, the default mapping.

    Raises:
        MappingError: naming line and key of everything that is wrong.
    """
    if path is None:
        return DEFAULT_MAPPING
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"The mapping file {path} can't be read: {error}") from None
    try:
        return mapping(MappingTable().load(tomllib.loads(content)))
    except tomllib.TOMLDecodeError as error:
        raise _wrong(path, [_syntax_fault(content, str(error))]) from None
    except ValidationError as error:
        raise _wrong(path, _faults(content, error.messages_dict)) from None


def _wrong(path: Path, faults: list[str]) -> MappingError:
    lines = "\n".join(f"  {path.name} {fault}" for fault in faults)
    return MappingError(f"The mapping file {path} is wrong:\n{lines}")


def _syntax_fault(content: str, reason: str) -> str:
    """The parser's own reason in the form of the others; it ends in (at line 2, column 5)."""
    what, _, place = reason.rpartition(" (at ")
    if found := _PLACE.fullmatch(place):
        return f"line {found['line']}: column {found['column']}: {what}"
    return f"line {max(1, len(content.splitlines()))}: {what}"  # (at end of document)


def _faults(content: str, messages: dict[str, Any]) -> list[str]:
    """Each wrong thing with its line and key, in the order of the lines."""
    lines = TomlLines(content)
    found = [(lines.line_of(place), place, reason) for place, reason in _leaves(messages, ())]
    return [
        f"line {line}: {'.'.join(map(str, place))}: {reason}"
        for line, place, reason in sorted(found, key=lambda fault: fault[0])
    ]


def _leaves(messages: dict[Any, Any], place: _Place) -> Iterator[tuple[_Place, str]]:
    for key, inner in messages.items():
        if isinstance(inner, dict):
            yield from _leaves(inner, (*place, key))
        else:
            where = place if key == "_schema" else (*place, key)  # marshmallow's word for the table itself
            yield from ((where, reason) for reason in inner)

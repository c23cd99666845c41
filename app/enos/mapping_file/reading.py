"""Reads a mapping from TOML; docs/reference/mapping.md describes the file."""

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


def load_mapping(path: Path | None) -> Mapping:
    """Read a mapping file; without one, the default mapping.

    Raises:
        MappingError: naming line and key of everything that is wrong.
    """
    if path is None:
        return DEFAULT_MAPPING
    try:
        content = path.read_text(encoding="utf-8")
        return mapping(MappingTable().load(tomllib.loads(content)))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingError(f"The mapping file {path} can't be read: {error}") from None
    except ValidationError as error:
        faults = "\n".join(f"  {path.name} {fault}" for fault in _faults(content, error.messages_dict))
        raise MappingError(f"The mapping file {path} is wrong:\n{faults}") from None


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

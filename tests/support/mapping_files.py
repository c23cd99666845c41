"""Mapping files for tests."""

from pathlib import Path

import pytest

from app.enos.mapping.mapping import Mapping
from app.enos.mapping_file.reading import load_mapping
from app.errors import MappingError


def mapping_of(folder: Path, text: str) -> Mapping:
    """Write a mapping file and load it."""
    path = folder / "mapping.toml"
    path.write_text(text)
    return load_mapping(path)


def faults(folder: Path, text: str) -> list[str]:
    """Give what is wrong with a mapping file, each without the file's name; fail if nothing is."""
    with pytest.raises(MappingError) as raised:
        mapping_of(folder, text)
    return [line.removeprefix("  mapping.toml ") for line in str(raised.value).splitlines()[1:]]

"""Reads a mapping from TOML; docs/reference/mapping.md describes the file."""

import re
import tomllib
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from app.domain.events import Kind
from app.enos.mapping import DEFAULT_MAPPING, Mapping, Member
from app.enos.values import CONVERTERS
from app.errors import MappingError

_IDENTIFIER = validate.Regexp(
    re.compile(r"[A-Za-z0-9._-]{1,128}\Z"),
    error="must be 1 to 128 letters, digits, dots, hyphens or underscores",
)
_TYPE = validate.OneOf(CONVERTERS, error="must be one of {choices}")


class _EventId(Schema):
    history = fields.String(validate=_IDENTIFIER, load_default=DEFAULT_MAPPING.event_id[Kind.HISTORY])
    realtime = fields.String(validate=_IDENTIFIER, load_default=DEFAULT_MAPPING.event_id[Kind.REALTIME])


class _Member(Schema):
    field = fields.String(required=True)
    type = fields.String(required=True, validate=_TYPE)


class _MappingFile(Schema):
    device_key = fields.List(
        fields.String(), validate=validate.Length(min=1), load_default=list(DEFAULT_MAPPING.device_key)
    )
    event_id = fields.Nested(_EventId, load_default=lambda: _EventId().load({}))
    members = fields.Dict(keys=fields.String(validate=_IDENTIFIER), values=fields.Nested(_Member))


def load_mapping(path: Path | None) -> Mapping:
    """Read a mapping file; without one, the default mapping.

    Raises:
        MappingError: naming every key that is wrong.
    """
    if path is None:
        return DEFAULT_MAPPING
    try:
        values = _MappingFile().load(_written_out(tomllib.loads(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingError(f"The mapping file {path} can't be read: {error}") from None
    except ValidationError as error:
        lines = "\n".join(f"  {line}" for line in _wrong_keys(error.messages_dict, ""))
        raise MappingError(f"The mapping file {path} is wrong:\n{lines}") from None
    return Mapping(
        tuple(values["device_key"]), _event_ids(values["event_id"]), _members(values.get("members"))
    )


def _written_out(content: dict[str, Any]) -> dict[str, Any]:
    """`score = "float"` is short for `score = { field = "score", type = "float" }`."""
    members = content.get("members")
    if isinstance(members, dict):
        content["members"] = {
            name: {"field": name, "type": member} if isinstance(member, str) else member
            for name, member in members.items()
        }
    return content


def _event_ids(values: dict[str, str]) -> dict[Kind, str]:
    return {kind: values[kind.value] for kind in Kind}


def _members(values: dict[str, dict[str, str]] | None) -> tuple[Member, ...]:
    if values is None:
        return DEFAULT_MAPPING.members
    return tuple(Member(name, member["field"], member["type"]) for name, member in values.items())


def _wrong_keys(messages: dict[Any, Any], path: str) -> list[str]:
    lines: list[str] = []
    for key, inner in messages.items():
        place = path if key in ("_schema", "value") else f"{path}.{key}".lstrip(".")
        lines += (
            _wrong_keys(inner, place) if isinstance(inner, dict) else [f"{place}: {text}" for text in inner]
        )
    return lines

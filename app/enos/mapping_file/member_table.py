"""A member in the mapping file: its type, where its value comes from, and what stands for none."""

import re
from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields, pre_load, validate, validates_schema

from app.enos.mapping.data_types import LONGEST_ARRAY, Array, DataType, Member, Scalar, Struct
from app.enos.mapping.event_fields import nothing_reader, path_reader
from app.enos.mapping.values import LONGEST_STRING, SCALARS
from app.enos.mapping_file.toml_tables import Table, Tables, nonempty_text, one_of, whole_number

IDENTIFIER = validate.Regexp(
    re.compile(r"[A-Za-z0-9._-]{1,128}\Z"),
    error="must be 1 to 128 letters, digits, dots, hyphens or underscores",
)
"""What EnOS takes as a name (EnOS protocol, section 4)."""

_NO_MEMBER = {"type": 'must be a type, such as "int", or a table'}
_LENGTH = validate.Range(1, 1024, error="must be a whole number from {min} to {max}")
_ONLY_FOR = {"length": ("string", "array"), "item": ("array",), "members": ("struct",)}


def member(name: str, values: dict[str, Any], reader: Callable[[str], Callable[[Any], Any]]) -> Member:
    """Make the member that a loaded table describes; `reader` gives what takes a field out of its source."""
    data_type = _data_type(values)
    if "const" in values:
        return Member(name, data_type, None, nothing_reader, data_type.convert(values["const"]))
    field = values.get("field", name)
    return Member(name, data_type, field, reader(field), data_type.convert(values.get("default")))


class _InnerTable(Table):
    error_messages = _NO_MEMBER

    field = nonempty_text()
    type = one_of(*SCALARS, required=True)
    length = whole_number(validate=_LENGTH)
    const = fields.Raw()
    default = fields.Raw()

    @pre_load
    def _written_out(self, content: Any, **_options: Any) -> Any:
        """`score = "float"` is short for `score = { type = "float" }`."""
        return {"type": content} if isinstance(content, str) else content

    @validates_schema
    def _check_keys(self, values: dict[str, Any], **_options: Any) -> None:
        wrong = {
            key: [f"is for the type {' or '.join(types)} only"]
            for key, types in _ONLY_FOR.items()
            if key in values and values["type"] not in types
        }
        wrong |= {
            key: ["is missing"]
            for key in ("item", "members")
            if values["type"] in _ONLY_FOR[key] and not values.get(key)
        }
        if "const" in values:
            wrong |= {key: ["has no use beside const"] for key in ("field", "default") if key in values}
        if wrong := wrong or _unfit(values):
            raise ValidationError(wrong)


class MemberTable(_InnerTable):
    """A member of the event itself: also a struct or an array."""

    type = one_of(*SCALARS, "struct", "array", required=True)
    item = one_of("string", "int", "float", "double")
    members = Tables(_InnerTable(), IDENTIFIER)


def _data_type(values: dict[str, Any]) -> DataType:
    match values["type"]:
        case "struct":
            return Struct(
                tuple(member(name, inner, path_reader) for name, inner in values["members"].items())
            )
        case "array":
            return Array(Scalar(values["item"]), values.get("length", LONGEST_ARRAY))
        case scalar:
            return Scalar(scalar, values.get("length", LONGEST_STRING))


def _unfit(values: dict[str, Any]) -> dict[str, list[str]]:
    """What is wrong with a constant or a default: each is sent as it stands in the file, or refused."""
    given = [key for key in ("const", "default") if key in values]
    if values["type"] == "struct":
        return {key: ["is not for a struct, but for each of its members"] for key in given}
    data_type = _data_type(values)
    return {
        key: [f"does not fit its type: {data_type}"] for key in given if not _fits(data_type, values[key])
    }


def _fits(data_type: DataType, value: Any) -> bool:
    try:
        return bool(data_type.convert(value) == value)
    except (TypeError, ValueError):  # the first: TOML has times without a zone
        return False

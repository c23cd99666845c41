"""The mapping file as a whole: what it may hold, and the mapping that this describes."""

import re
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.domain.events import Kind
from app.enos.mapping.event_fields import event_reader
from app.enos.mapping.mapping import DEFAULT_MAPPING, DeviceKey, Mapping
from app.enos.mapping.picture_members import PICTURE_MEMBERS
from app.enos.mapping_file.channel_table import ChannelTable, ConditionsTable, channel, conditions
from app.enos.mapping_file.member_table import IDENTIFIER, MemberTable, member
from app.enos.mapping_file.toml_tables import Table, Tables, list_of, nonempty_text, one_of, text
from app.enos.mode import Mode

_CHANNEL_NAME = validate.Regexp(
    re.compile(r"[A-Za-z0-9_-]{1,40}\Z"), error="must be 1 to 40 letters, digits, hyphens or underscores"
)


class _EventIdTable(Table):
    history = text(validate=IDENTIFIER)
    realtime = text(validate=IDENTIFIER)


class MappingTable(Table):
    """All of a mapping file; no key is needed."""

    mode = fields.Enum(Mode, by_value=True, error_messages={"unknown": "must be one of {choices}"})
    device_key = list_of(nonempty_text())
    event_id = fields.Nested(_EventIdTable)
    pictures = one_of("omit", "link")
    members = Tables(MemberTable(), IDENTIFIER)
    filter = fields.Nested(ConditionsTable)
    channels = Tables(ChannelTable(), _CHANNEL_NAME)

    @validates_schema(skip_on_field_errors=False)
    def _check_pictures(self, values: dict[str, Any], **_options: Any) -> None:
        taken = [name for name in PICTURE_MEMBERS if name in values.get("members", {})]
        if taken and values.get("pictures") == "link":
            reason = 'is the name that pictures = "link" gives to a picture'
            raise ValidationError({"members": {name: [reason] for name in taken}})

    @validates_schema(skip_on_field_errors=False)
    def _check_channels(self, values: dict[str, Any], **_options: Any) -> None:
        if wrong := _wrong_channels(values.get("channels", {})):
            raise ValidationError({"channels": wrong})


def mapping(values: dict[str, Any]) -> Mapping:
    """Make the mapping that a loaded file describes; what it leaves out is as in the default."""
    changes: dict[str, Any] = {
        "mode": values.get("mode", Mode.EVENT),
        "event_id": _event_ids(values.get("event_id", {})),
        "wants_pictures": values.get("pictures") == "link",
        "filter": conditions(values.get("filter", {})),
    }
    if "device_key" in values:
        changes["device_key"] = tuple(DeviceKey(name, event_reader(name)) for name in values["device_key"])
    if "members" in values:
        members = values["members"].items()
        changes["members"] = tuple(member(name, inner, event_reader) for name, inner in members)
    if channels := values.get("channels"):
        changes["channels"] = tuple(channel(name, inner) for name, inner in channels.items())
        changes["routes"] = tuple((name, conditions(_when(channels[name]))) for name in _in_turn(channels))
    return replace(DEFAULT_MAPPING, **changes)


def _event_ids(values: dict[str, str]) -> dict[Kind, str]:
    return {kind: values.get(kind, DEFAULT_MAPPING.event_id[kind]) for kind in Kind}


def _in_turn(channels: dict[str, Any]) -> list[str]:
    """The order in which channels are asked: one without conditions takes what the others leave."""
    return sorted(channels, key=lambda name: not _when(channels[name]))


def _when(values: dict[str, Any]) -> dict[str, Any]:
    return values.get("when") or {}


def _wrong_channels(channels: dict[str, Any]) -> dict[str, list[str]]:
    """EnOS takes one connection a product, and a second channel for all that is left would get nothing."""
    first: dict[Hashable, str] = {}
    wrong: dict[str, list[str]] = {}
    for name, values in channels.items():
        entry = channel(name, values)
        if (other := first.setdefault((entry.address, entry.product_key), name)) != name:
            wrong.setdefault(name, []).append(f"has the same broker and product as {other}")
        if not _when(values) and (other := first.setdefault("all that is left", name)) != name:
            wrong.setdefault(name, []).append(f"gets nothing without `when`: {other} takes all that is left")
    return wrong

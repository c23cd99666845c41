"""The thing model that EnOS needs for a mapping (EnOS protocol, section 4)."""

from typing import Any

from app.domain.events import Kind
from app.enos.mapping.data_types import Array, DataType, Member, Scalar, Struct
from app.enos.mapping.event_fields import nothing_reader
from app.enos.mapping.mapping import Mapping
from app.enos.mapping.picture_members import PICTURE_MEMBERS
from app.enos.mode import Mode


def thing_model(mapping: Mapping) -> dict[str, Any]:
    """Make the model as EnOS's JSON has it: events with their members, or measure points."""
    members = [_feature(member) for member in model_members(mapping)]
    if mapping.mode is Mode.MEASUREPOINT:
        return {"events": [], "measurepoints": members}
    events = [{"identifier": name, "name": name, "outputData": members} for name in event_ids(mapping)]
    return {"events": events, "measurepoints": []}


def event_ids(mapping: Mapping) -> list[str]:
    """The identifiers of the events that can come of a mapping; both kinds may have one."""
    kinds = mapping.filter.kinds or frozenset(Kind)
    return list(dict.fromkeys(mapping.event_id[kind] for kind in Kind if kind in kinds))


def model_members(mapping: Mapping) -> tuple[Member, ...]:
    """The mapping's members, and one for each linked picture, which has no field."""
    pictures = PICTURE_MEMBERS if mapping.wants_pictures else ()
    links = (Member(name, Scalar("string"), None, nothing_reader) for name in pictures)
    return (*mapping.members, *links)


def type_name(data_type: DataType) -> str:
    """What EnOS calls a type."""
    match data_type:
        case Scalar():
            return data_type.name.upper()
        case Array():
            return "ARRAY"
        case Struct():
            return "STRUCT"


def _feature(member: Member) -> dict[str, Any]:
    return {"identifier": member.name, "name": member.name, "dataType": _data_type(member.type)}


def _data_type(data_type: DataType) -> dict[str, Any]:
    return {"type": type_name(data_type), "specs": _specs(data_type)}


def _specs(data_type: DataType) -> dict[str, Any]:
    match data_type:
        case Scalar():
            return {"length": data_type.length} if data_type.name == "string" else {}
        case Array():
            return {"size": data_type.length, "item": _data_type(data_type.item)}
        case Struct():
            return {"members": [_feature(member) for member in data_type.members]}

"""se3 enos model: what EnOS must know before it takes a site's events."""

import json
from collections.abc import Iterator

import click

from app.cli.opening import show_table
from app.config import load_settings
from app.enos.mapping.data_types import Array, DataType, Member, Scalar, Struct
from app.enos.mapping.mapping import Mapping
from app.enos.mapping.thing_model import event_ids, model_members, thing_model, type_name
from app.enos.mapping_file.reading import load_mapping
from app.enos.mode import Mode


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The model as JSON, to import.")
def model(as_json: bool) -> None:
    """Print the thing model that the mapping needs; it is the same for each channel."""
    mapping = load_mapping(load_settings().enos_mapping)
    if as_json:
        click.echo(json.dumps(thing_model(mapping), ensure_ascii=False, indent=2))
    else:
        _show(mapping)


def _show(mapping: Mapping) -> None:
    if mapping.mode is Mode.EVENT:
        click.echo(f"Events: {', '.join(event_ids(mapping))}. Each has these members:\n")
    else:
        click.echo("Measure points:\n")
    rows = [row for member in model_members(mapping) for row in _rows(member, "", "")]
    show_table("members", ["identifier", "type", "size", "comes from"], rows)


def _rows(member: Member, inside: str, path: str) -> Iterator[list[str]]:
    """A row for a member, and one for each member of a struct; `inside` and `path` lead to the struct."""
    name = f"{inside}{member.name}"
    yield [name, type_name(member.type), _size(member.type), _source(member, path)]
    if isinstance(member.type, Struct):
        for inner in member.type.members:
            yield from _rows(inner, f"{name}.", f"{path}{member.field}.")


def _size(data_type: DataType) -> str:
    match data_type:
        case Array():
            return f"up to {data_type.length} of {type_name(data_type.item)}"
        case Scalar(name="string"):
            return f"up to {data_type.length} bytes"
        case _:
            return ""


def _source(member: Member, path: str) -> str:
    if member.field is None:
        return "a link to the picture" if member.default is None else f"always {_value(member)}"
    default = "" if member.default is None else f", else {_value(member)}"
    return f"{path}{member.field}{default}"


def _value(member: Member) -> str:
    return json.dumps(member.default, ensure_ascii=False)

"""The mapping file: what a wrong one is told, by line and key."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import ROOT
from app.enos.mapping.mapping import DEFAULT_MAPPING
from app.enos.mapping.thing_model import thing_model
from app.enos.mapping_file.channel_table import ChannelTable, ConditionsTable
from app.enos.mapping_file.mapping_table import MappingTable
from app.enos.mapping_file.member_table import MemberTable
from app.enos.mapping_file.reading import load_mapping
from app.enos.mapping_file.toml_lines import TomlLines
from app.errors import MappingError
from tests.support.mapping_files import faults, mapping_of
from tests.support.new_events import new_event

IDENTIFIER = "must be 1 to 128 letters, digits, dots, hyphens or underscores"
NOT_FOR_A_STRUCT = "default: is not for a struct, but for each of its members"
SCALARS = "string, int, float, double, bool, timestamp"


def test_every_wrong_key_is_named_with_its_line(tmp_path: Path) -> None:
    text = """\
# a comment
device_keys = []
[event_id]
history = "a b"

[members]
score = "doubel"
"bad name" = 5
x = { typ = "int" }
[filter]
min_score = 80
max_score = 8
kinds = ["past"]
"""
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(MappingError) as raised:
        load_mapping(path)
    head, *lines = str(raised.value).splitlines()
    assert str(path) in head
    assert lines == [
        "  mapping.toml line 2: device_keys: is not known; did you mean device_key?",
        f"  mapping.toml line 4: event_id.history: {IDENTIFIER}",
        f"  mapping.toml line 7: members.score.type: must be one of {SCALARS}, struct, array",
        f"  mapping.toml line 8: members.bad name: {IDENTIFIER}",
        '  mapping.toml line 8: members.bad name: must be a type, such as "int", or a table',
        "  mapping.toml line 9: members.x.type: is missing",
        "  mapping.toml line 9: members.x.typ: is not known; did you mean type?",
        "  mapping.toml line 11: filter.min_score: must not be more than max_score",
        "  mapping.toml line 13: filter.kinds.0: must be one of history, realtime",
    ]


@pytest.mark.parametrize("name", ["value", "key", "_schema", "type", "a.b"])
def test_a_member_may_have_any_name(tmp_path: Path, name: str) -> None:
    assert faults(tmp_path, f'[members]\n"{name}" = {{ type = "no" }}') == [
        f"line 2: members.{name}.type: must be one of {SCALARS}, struct, array"
    ]


@pytest.mark.parametrize(
    ("member", "fault"),
    [
        ('{ type = "int", const = 1.5 }', "const: does not fit its type: int"),
        ('{ type = "int", const = "5" }', "const: does not fit its type: int"),
        ('{ type = "int", const = 2147483648 }', "const: does not fit its type: int"),
        ('{ type = "int", default = -2147483649 }', "default: does not fit its type: int"),
        ('{ type = "int", field = "" }', "field: must not be empty"),
        ('{ type = "bool", default = "x" }', "default: does not fit its type: bool"),
        ('{ type = "timestamp", const = 2026-01-01T00:00:00 }', "const: does not fit its type: timestamp"),
        ('{ type = "timestamp", const = 2026-01-01 }', "const: does not fit its type: timestamp"),
        ('{ type = "string", const = "" }', "const: does not fit its type: string of 1 to 1024 bytes"),
        (
            '{ type = "string", length = 5, const = "小明" }',
            "const: does not fit its type: string of 1 to 5 bytes",
        ),
        (
            '{ type = "array", item = "int", length = 1, default = [1, 2] }',
            "default: does not fit its type: array of 1 to 1 int",
        ),
        ('{ type = "int", const = 1, field = "score" }', "field: has no use beside const"),
        ('{ type = "int", const = 1, default = 2 }', "default: has no use beside const"),
        ('{ type = "int", length = 3 }', "length: is for the type string or array only"),
        ('{ type = "string", length = 1025 }', "length: must be a whole number from 1 to 1024"),
        ('{ type = "array" }', "item: is missing"),
        ('{ type = "array", item = "bool" }', "item: must be one of string, int, float, double"),
        ('{ type = "struct", members = {} }', "members: is missing"),
        ('{ type = "struct", members = { a = "int" }, default = { a = 1 } }', NOT_FOR_A_STRUCT),
        ('{ type = "struct", members = { a = "struct" } }', f"members.a.type: must be one of {SCALARS}"),
    ],
)
def test_a_member_that_makes_no_sense_is_refused(tmp_path: Path, member: str, fault: str) -> None:
    assert faults(tmp_path, f"[members]\nx = {member}") == [f"line 2: members.x.{fault}"]


def test_a_member_may_not_have_the_name_of_a_linked_picture(tmp_path: Path) -> None:
    text = 'pictures = "link"\n[members]\nreg_pic = "string"\nage = "in"'
    assert faults(tmp_path, text) == [
        'line 3: members.reg_pic: is the name that pictures = "link" gives to a picture',
        f"line 4: members.age.type: must be one of {SCALARS}, struct, array",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('mode = "event"\npictures = yes\n', "line 2: column 12: Invalid value"),
        ('[filter]\ngroups = ["a",\n', "line 2: "),  # the words are the parser's
        ('mode = "event', "line 1: "),
        ("[", "line 1: "),
    ],
)
def test_a_text_that_is_no_toml_is_named_by_its_line(tmp_path: Path, text: str, fault: str) -> None:
    [line] = faults(tmp_path, text)
    assert line.startswith(fault)
    assert len(line) > len("line 1: ")
    assert "(at" not in line


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(MappingError, match=r"mapping\.toml can't be read"):
        load_mapping(path)


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\n# c = 2\n\nc = [\n  1, # [t]\n]\n[t]\nx = 1", ("c", 0), 4),
        ('a = """\nb = 1\n"""\nb = 2', ("b",), 4),
        ("a = '''\n[t]\nx=1'''\r\n[t]\r\nx = 1", ("t", "x"), 5),
        ("a = '''\n[t]\nx=1'''\r\n[t]\r\nx = 1", ("t",), 4),
        ("[a.b]\nx = 1\n[a]\ny = 2", ("a", "y"), 4),
        ("[a.b]\nx = 1", ("a", "b", "missing", "deeper"), 1),
        ('a.b.c = 1\na."b.c" = 2', ("a", "b.c"), 2),
        ("x = 1", ("missing",), 1),
    ],
)
def test_the_line_is_that_where_the_keys_statement_begins(
    text: str, path: tuple[str | int, ...], line: int
) -> None:
    assert TomlLines(text).line_of(path) == line


_JUNK = st.lists(
    st.sampled_from(["", "# n = 1", 'j{} = """\nn = 1\n# """', "j{} = [\n  [1],\n  # ]\n]", "j{} = '''x'''"])
)


@given(before=_JUNK, after=_JUNK)
def test_a_key_is_found_among_anything(before: list[str], after: list[str]) -> None:
    lines = [part.replace("{}", str(n)) for n, part in enumerate([*before, "n = 5", *after])]
    line = 1 + sum(part.count("\n") + 1 for part in lines[: len(before)])
    assert TomlLines("\n".join(lines)).line_of(("n",)) == line


_PAGE = (ROOT / "docs/reference/mapping.md").read_text(encoding="utf-8")
_RIGHT, _, _ERRORS = _PAGE.partition("## Errors")
_EXAMPLES = [
    *re.findall(r"```toml\n(.*?)```", _RIGHT, re.DOTALL),
    *(file.read_text(encoding="utf-8") for file in (ROOT / "docs/examples").glob("*.toml")),
]


@pytest.mark.parametrize("text", _EXAMPLES)
def test_every_example_of_the_documents_is_right(tmp_path: Path, text: str) -> None:
    mapping = mapping_of(tmp_path, text)
    assert mapping.members
    assert len(mapping.channels) == text.count("[channels.")


def test_what_the_documents_say_of_a_wrong_file_is_said(tmp_path: Path) -> None:
    [(text, told)] = re.findall(r"```toml\n([^`]*)```[^`]*```\n(se3: [^`]*)```", _ERRORS)
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(MappingError) as raised:
        load_mapping(path)
    assert f"se3: {raised.value}\n" == told.replace("/opt/se3", str(tmp_path))


def test_the_default_of_the_documents_is_the_default(tmp_path: Path) -> None:
    [text] = re.findall(r"## The default\n\n```toml\n(.*?)```", _PAGE, re.DOTALL)
    mapping = mapping_of(tmp_path, text)
    assert thing_model(mapping) == thing_model(DEFAULT_MAPPING)
    event = new_event().event
    assert mapping.element(event) == DEFAULT_MAPPING.element(event)


def test_the_documents_name_every_key() -> None:
    tables = (MappingTable, MemberTable, ChannelTable, ConditionsTable)
    keys = {key for table in tables for key in table().fields}
    assert [key for key in sorted(keys) if f"`{key}" not in _PAGE] == []


def test_a_device_key_without_a_name_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path, 'device_key = ["ep_id", ""]') == ["line 1: device_key.1: must not be empty"]


def test_a_login_without_a_name_is_refused(tmp_path: Path) -> None:
    text = """\
[channels.gates]
broker_url = "mqtt://127.0.0.1:9"
product_key = "pk"
client_id = ""
username = ""
password_file = "/secret"
"""
    assert faults(tmp_path, text) == [
        "line 4: channels.gates.client_id: must not be empty",
        "line 5: channels.gates.username: must not be empty",
    ]

"""The mapping: what goes to EnOS of an event, in which type, and of which events something goes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import FaceEvent, Kind
from app.domain.picture_links import PictureLinks
from app.domain.sightings import attributes_to_skip_by, reason_to_skip
from app.enos.mapping.conditions import Conditions, any_of
from app.enos.mapping.data_types import Member, Scalar
from app.enos.mapping.event_fields import event_reader
from app.enos.mapping.mapping import DEFAULT_MAPPING, DeviceKey, Mapping
from app.enos.mapping.picture_members import urls
from app.enos.mapping.thing_model import thing_model
from app.enos.mapping.values import converter
from app.enos.messages import encode_element
from app.enos.mode import Mode
from app.errors import MappingError
from tests.support.mapping_files import mapping_of
from tests.support.model_check import misfits
from tests.support.new_events import new_event


def values_of(mapping: Mapping, event: FaceEvent) -> Any:
    [values] = mapping.element(event)["events"].values()
    return values


@pytest.mark.parametrize(
    ("ext_data", "device_key"),
    [
        ({"ep_id": "A1__192.168.1.2", "dev_sno": "BOX1", "device_ip": "192.168.1.2"}, "A1__192.168.1.2"),
        ({"dev_sno": "BOX1", "device_ip": "192.168.1.2"}, "BOX1"),
        ({"dev_sno": "", "device_ip": "192.168.1.2"}, "192.168.1.2"),
        ({"ep_id": "A__" + "x" * 62, "dev_sno": "BOX1"}, "BOX1"),
    ],
)
def test_the_device_key_is_the_first_that_enos_can_take(ext_data: dict[str, Any], device_key: str) -> None:
    assert DEFAULT_MAPPING.element(new_event(ext_data=ext_data).event)["deviceKey"] == device_key


def test_empty_values_are_left_out_because_enos_refuses_them() -> None:
    element = DEFAULT_MAPPING.element(new_event(identity_name="", want_action=None).event)
    assert not {"identity_name", "want_action"} & element["events"]["HistoryEvent"].keys()


def test_no_picture_goes_to_enos() -> None:
    assert "/9j/" not in str(DEFAULT_MAPPING.element(new_event().event))


def test_a_mapping_file_renames_types_and_reaches_into_the_document(tmp_path: Path) -> None:
    mapping = mapping_of(
        tmp_path,
        """
        device_key = ["device_ip"]
        event_id = { history = "Seen" }
        [members]
        score = "int"
        who = { field = "identity_name", type = "string" }
        age = { field = "ext_data.grab_fiqa_info.age", type = "int" }
        missing = { field = "ext_data.nothing.here", type = "int" }
        """,
    )
    event = new_event(
        score=94.0, ext_data={"device_ip": "10.0.0.1", "dev_sno": "A", "grab_fiqa_info": {"age": "31"}}
    )
    assert mapping.element(event.event) == {
        "deviceKey": "10.0.0.1",
        "time": 1566016554000,
        "events": {"Seen": {"score": 94, "who": "小明", "age": 31}},
    }


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        ("history-contract", {"ext_data": {"dev_sno": "BOX1", "info": {"age": "youth"}}}),
        ("history-v6", {}),
        ("history-flat-v5r7", {"recognize_face_attr": {"age": "youth"}}),
    ],
)
def test_what_was_measured_is_found_in_every_form(form: str, changes: dict[str, Any], tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, '[members]\nage = { field = "info.age", type = "string" }')
    assert values_of(mapping, new_event(form=form, **changes).event) == {"age": "youth"}


def test_structs_and_arrays_take_what_the_model_has_of_them(tmp_path: Path) -> None:
    mapping = mapping_of(
        tmp_path,
        """
        [members]
        box = { type = "array", item = "int", field = "ext_data.info.box", length = 3 }
        names = { type = "array", item = "string", field = "ext_data.names" }
        none = { type = "array", item = "int", field = "ext_data.info.feature" }
        [members.info]
        type = "struct"
        field = "ext_data.info"
        [members.info.members]
        age = "int"
        roll = { type = "float", field = "pose.roll" }
        gone = "int"
        at = { type = "string", const = "door" }
        """,
    )
    info = {"age": "31", "pose": {"roll": 2}, "box": [1, 2.0, "3", 4], "feature": [], "else": 1}
    event = new_event(ext_data={"dev_sno": "BOX1", "info": info, "names": ["a", 5]}).event
    assert json.loads(encode_element(mapping.element(event)))["events"]["HistoryEvent"] == {
        "box": [1, 2, 3],
        "names": ["a", "5"],
        "info": {"age": 31, "roll": 2.0, "at": "door"},
    }


def test_a_whole_number_goes_as_a_float_where_the_model_has_one() -> None:
    assert b'"score":94.0' in encode_element(DEFAULT_MAPPING.element(new_event(score=94).event))


@pytest.mark.parametrize("missing", [{}, {"gates": None}, {"gates": ""}, {"gates": []}])
def test_defaults_stand_for_what_is_missing_and_constants_for_themselves(
    tmp_path: Path, missing: dict[str, Any]
) -> None:
    mapping = mapping_of(
        tmp_path,
        """
        [members]
        site = { type = "string", const = "north" }
        gates = { type = "array", item = "int", default = [0] }
        floor = { type = "float", default = 1 }
        """,
    )
    sent = encode_element(mapping.element(new_event(**missing).event))
    assert b'{"site":"north","gates":[0],"floor":1.0}' in sent


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        ('"int"', "x", "member x: field x is no number"),
        ('"int"', 2**31, "member x: field x is beyond the 32 bits that EnOS has for an int"),
        ('"int"', 1e300, "member x: field x is beyond the 32 bits that EnOS has for an int"),
        ('{ type = "array", item = "int" }', 5, "member x: field x is no list"),
        (
            '{ type = "array", item = "int" }',
            [1, 2.5],
            "member x: field x has an element 2 that is no whole number",
        ),
        ('{ type = "array", item = "int" }', [1, None], "member x: field x has an element 2 that is empty"),
        ('{ type = "struct", members = { a = "int" } }', "a", "member x: field x is no object"),
        (
            '{ type = "struct", members = { a = "int" } }',
            {"a": "b"},
            "member x: field x holds a, which is no number",
        ),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_explained(
    tmp_path: Path, member: str, value: object, reason: str
) -> None:
    mapping = mapping_of(tmp_path, f"[members]\nx = {member}")
    with pytest.raises(MappingError) as raised:
        mapping.element(new_event(x=value).event)
    assert str(raised.value) == reason


_TYPES = st.sampled_from(
    [
        '"string"',
        '{ type = "string", length = 5 }',
        '"int"',
        '"float"',
        '"double"',
        '"bool"',
        '"timestamp"',
        '{ type = "array", item = "string", length = 2 }',
        '{ type = "array", item = "float" }',
        '{ type = "struct", members = { a = "int", b = { type = "string", length = 2, default = "-" } } }',
    ]
)
_ANY_SCALAR = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.integers().map(str)
_ANY_VALUE = st.recursive(
    _ANY_SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=6,
)


@given(type_=_TYPES, mode=st.sampled_from(Mode), value=_ANY_VALUE, name=st.text(), score=st.floats())
def test_whatever_an_event_holds_what_goes_fits_the_model(
    type_: str, mode: Mode, value: Any, name: str, score: float
) -> None:
    text = f'mode = "{mode}"\n[members]\nx = {type_}\nscore = "float"\ngroup_name = "string"'
    with TemporaryDirectory() as folder:
        mapping = mapping_of(Path(folder), text)
    event = replace(new_event().event, document={"x": value}, group_name=name, score=score)
    try:
        element = mapping.element(event)
    except MappingError:
        return
    assert misfits(thing_model(mapping), json.loads(encode_element(element))) == []


def test_measure_points_have_the_members_and_no_event(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, 'mode = "measurepoint"\n[members]\nscore = "float"')
    assert mapping.mode is Mode.MEASUREPOINT
    assert mapping.element(new_event(score=5).event) == {
        "deviceKey": "AKOPKKKKK__192.168.1.25",
        "time": 1566016554000,
        "measurepoints": {"score": 5.0},
    }
    with pytest.raises(MappingError, match="no measure point"):
        mapping.element(replace(new_event().event, score=None))


def test_links_are_members_where_the_mapping_wants_pictures(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, 'pictures = "link"\n[members]\nscore = "float"')
    links = {"spot_pic": "https://a.example/1", "a_field_that_no_model_has": "https://a.example/2"}
    assert mapping.wants_pictures
    assert values_of(mapping, new_event().event).keys() == {"score"}
    with_links = mapping.element(new_event().event, links)["events"]["HistoryEvent"]
    assert with_links.keys() == {"score", "spot_pic"}
    assert with_links["spot_pic"] == "https://a.example/1"
    assert not DEFAULT_MAPPING.wants_pictures
    assert DEFAULT_MAPPING.element(new_event().event, links) == DEFAULT_MAPPING.element(new_event().event)


def test_of_several_pictures_in_one_field_the_first_is_linked() -> None:
    links = PictureLinks("https://a.example", "secret", timedelta(days=1))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    shown = [("spot_pic", b"1"), ("odd", b"2"), ("spot_pic", b"3")]
    assert urls(links, shown, now) == {"spot_pic": links.url(b"1", now)}


@pytest.mark.parametrize(("length", "fits"), [(1024, True), (1025, False)])
def test_a_link_that_is_too_long_is_refused(tmp_path: Path, length: int, fits: bool) -> None:
    mapping = mapping_of(tmp_path, 'pictures = "link"')
    links = {"reg_pic": "x" * length}
    if fits:
        assert mapping.element(new_event().event, links)["events"]["HistoryEvent"]["reg_pic"]
    else:
        with pytest.raises(MappingError, match="member reg_pic: the link has more than 1024 bytes"):
            mapping.element(new_event().event, links)


@given(st.text(min_size=1), st.integers(1, 1024))
def test_a_long_string_is_cut_to_its_bytes_between_characters(text: str, length: int) -> None:
    cut = converter("string", length)(text * 600) or ""
    assert len(cut.encode()) <= length
    assert (text * 600).startswith(cut)
    assert length - len(cut.encode()) < 4 or cut == text * 600


def test_a_string_of_which_nothing_is_left_is_none() -> None:
    assert converter("string", 2)("小") is None


@pytest.mark.parametrize(
    ("value", "type_name", "converted"),
    [
        ("94.8", "float", 94.8),
        (1, "float", 1.0),
        (1, "double", 1.0),
        (4.0, "int", 4),
        (2**31 - 1, "int", 2**31 - 1),
        (-(2**31), "int", -(2**31)),
        ("-94.0", "int", -94),
        (" 5", "int", 5),
        ("1e3", "double", 1000.0),
        (2**53, "timestamp", 2**53),
        (True, "string", "true"),
        ("1", "bool", True),
        (None, "int", None),
        ("", "string", None),
    ],
)
def test_values_take_the_type_of_the_model(value: object, type_name: str, converted: object) -> None:
    result = converter(type_name)(value)
    assert result == converted
    assert type(result) is type(converted)


@pytest.mark.parametrize(
    ("value", "type_name"),
    [
        (2.9, "int"),
        ("x", "float"),
        (True, "int"),
        ([1], "string"),
        ("yes", "bool"),
        (float("nan"), "float"),
        ("1_000", "int"),
        ("१२", "int"),
        ("infinity", "double"),
        (1e300, "timestamp"),
    ],
)
def test_values_that_do_not_fit_are_refused(value: object, type_name: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        converter(type_name)(value)


_FIELDS = st.sampled_from(
    ["timestamp", "score", "ep_id", "person_type", "grab_fiqa_info.age", "info", "ext_data.dev_sno", "route"]
)
_CONDITIONS = st.builds(
    Conditions,
    kinds=st.none() | st.just(frozenset(Kind)),
    person_types=st.none() | st.sets(st.integers(0, 2)).map(frozenset),
    groups=st.none() | st.just(frozenset({"default_group"})),
    min_score=st.none() | st.floats(0, 1),
    max_score=st.none() | st.floats(0, 1),
    devices=st.none() | st.just(any_of(["A*"])),
)
_MAPPINGS = st.builds(
    Mapping,
    device_key=st.lists(_FIELDS.map(lambda name: DeviceKey(name, event_reader(name)))).map(tuple),
    event_id=st.just({kind: kind.value for kind in Kind}),
    members=st.lists(_FIELDS.map(lambda name: Member(name, AsItIs(), name, event_reader(name)))).map(tuple),
    filter=_CONDITIONS,
    routes=st.lists(_CONDITIONS.map(lambda when: ("north", when))).map(tuple),
)


class AsItIs(Scalar):
    """A type that takes any value."""

    def __init__(self) -> None:
        super().__init__("string")
        object.__setattr__(self, "convert", lambda value: value)


def outcome(mapping: Mapping, event: Any, enos_events: str) -> list[Any]:
    try:
        element: Any = mapping.element(event)
    except MappingError as error:
        element = str(error)
    skipped = reason_to_skip(event, enos_events) or mapping.reason_to_skip(event)
    return [element, skipped, mapping.channel_of(event), mapping.device_key_of(event)]


@given(
    _MAPPINGS,
    st.sampled_from(["both", "first", "history"]),
    st.sampled_from(["history-contract", "history-v6", "history-flat-v5r7"]),
    st.none() | st.integers(0, 2),
)
def test_what_a_mapping_asks_for_of_an_event_is_all_that_it_looks_at(
    mapping: Mapping, enos_events: str, form: str, person_type: int | None
) -> None:
    whole = replace(new_event(form=form).event, person_type=person_type)
    names = mapping.attributes | attributes_to_skip_by(enos_events)
    part = SimpleNamespace(**{name: getattr(whole, name) for name in names})
    assert outcome(mapping, part, enos_events) == outcome(mapping, whole, enos_events)

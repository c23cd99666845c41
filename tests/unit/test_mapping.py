"""The mapping: what goes to EnOS, in which type, and what a wrong mapping file is told."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.enos.mapping import DEFAULT_MAPPING
from app.enos.mapping_file import load_mapping
from app.enos.values import convert
from app.errors import MappingError
from tests.support.new_events import new_event


def mapping_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    return path


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
    mapping = load_mapping(
        mapping_file(
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
    )
    event = new_event(
        score=94.0, ext_data={"device_ip": "10.0.0.1", "dev_sno": "A", "grab_fiqa_info": {"age": "31"}}
    )
    assert mapping.element(event.event) == {
        "deviceKey": "10.0.0.1",
        "time": 1566016554000,
        "events": {"Seen": {"score": 94, "who": "小明", "age": 31}},
    }


def test_a_value_that_does_not_fit_its_type_is_explained(tmp_path: Path) -> None:
    mapping = load_mapping(mapping_file(tmp_path, '[members]\nidentity_name = "int"'))
    with pytest.raises(MappingError, match="member identity_name: field identity_name is no number"):
        mapping.element(new_event().event)


@given(st.text(min_size=1))
def test_a_long_string_is_cut_to_1024_bytes_between_characters(text: str) -> None:
    cut = convert(text * 600, "string")
    assert len(cut.encode(errors="surrogatepass")) <= 1024
    assert (text * 600).startswith(cut)


@pytest.mark.parametrize(
    ("value", "type_name", "converted"),
    [
        ("94.8", "float", 94.8),
        (1, "float", 1.0),
        (4.0, "int", 4),
        (2**60, "int", 2**60),
        (True, "string", "true"),
        ("1", "bool", True),
        (None, "int", None),
        ("", "string", None),
    ],
)
def test_values_take_the_type_of_the_model(value: object, type_name: str, converted: object) -> None:
    result = convert(value, type_name)
    assert result == converted
    assert type(result) is type(converted)


@pytest.mark.parametrize(
    ("value", "type_name"),
    [(2.9, "int"), ("x", "float"), (True, "int"), ([1], "string"), ("yes", "bool"), (float("nan"), "float")],
)
def test_values_that_do_not_fit_are_refused(value: object, type_name: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        convert(value, type_name)

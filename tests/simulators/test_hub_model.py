"""Which values fit the types of a thing model, and which files are one (EnOS protocol, section 4)."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from app.errors import Se3Error
from app.simulators.enos.model import load_model, read_model
from tests.simulators.models import member, model

INTS = {"item": {"type": "INT", "specs": {}}}
INFO = {"members": [member("age", "INT"), member("name", "STRING", length=3)]}


@pytest.mark.parametrize(
    ("kind", "specs", "fitting", "wrong"),
    [
        ("INT", {}, [0, 94, -(2**31), 2**31 - 1], [94.0, 2.5, "94", True, None, [94], 2**31, -(2**31) - 1]),
        ("FLOAT", {}, [94.0, -0.5, 1e300], [94, "94.0", True, None, [94.0]]),
        ("DOUBLE", {}, [94.0], [94, "94.0", False]),
        ("BOOL", {}, [True, False], [0, 1, "true", None]),
        ("TIMESTAMP", {}, [0, 1_566_016_554_000], [-1, 1.5, "1566016554000", True]),
        ("DATE", {}, ["2024-09-30", "2024-09-30 15:30:00"], ["", "30.9.2024", 1_566_016_554_000, None]),
        ("STRING", {}, ["x", "x" * 1024, "明" * 341], ["", "x" * 1025, "明" * 342, 1, None, ["x"]]),
        ("STRING", {"length": 3}, ["xyz", "明"], ["wxyz", "明明", ""]),
        ("ENUM", {}, [0, "stranger"], [1.0, True, None]),
        ("ENUM", {"0": "stranger", "vip": "guest"}, [0, "0", "vip"], [1, "stranger", True]),
        ("ARRAY", INTS, [[], [1, 2], [1] * 128], [[1, 2.0], ["1"], 1, {"0": 1}, None, [1] * 129]),
        ("ARRAY", {"size": 2} | INTS, [[1, 2]], [[1, 2, 3]]),
        ("STRUCT", INFO, [{}, {"age": 3}, {"age": 3, "name": "x"}], [{"age": 3.5}, {"other": 1}, [3], None]),
        ("FILE", {}, [], ["picture.jpg", {}]),
    ],
)
def test_types_must_match_exactly(
    kind: str, specs: dict[str, Any], fitting: list[Any], wrong: list[Any]
) -> None:
    checks = read_model(model(member("value", kind, **specs)))
    for value in fitting:
        assert checks.measurepoints["value"](value) == ""
        assert checks.events["face"]({"value": value}) == ""
    for value in wrong:
        assert checks.measurepoints["value"](value) != "", value
        assert checks.events["face"]({"value": value}) != "", value


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], " is not an object"),
        ({"other": 1}, ".other is not in the model"),
        ({"info": {"age": "3"}}, ".info.age is not an INT"),
        ({"info": {"shoe": 43}}, ".info.shoe is not in the model"),
        ({"boxes": [[1], [1, "2"]]}, ".boxes[1][1] is not an INT"),
    ],
)
def test_a_fault_is_said_with_its_place(value: Any, fault: str) -> None:
    boxes = member("boxes", "ARRAY", item={"type": "ARRAY", "specs": INTS})
    checks = read_model(model(member("info", "STRUCT", **INFO), boxes))
    assert checks.events["face"](value) == fault


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "events is missing or not a list"),
        ({"events": []}, "measurepoints is missing or not a list"),
        ({"events": [{"outputData": []}], "measurepoints": []}, "events[0].identifier is missing"),
        ({"events": [{"identifier": "x"}], "measurepoints": []}, "events[0].outputData is missing"),
        (model({"identifier": "x"}), "events[0].outputData[0].dataType is missing or not an object"),
        (model(member("x", "LONG")), "events[0].outputData[0].dataType.type LONG is not a type of EnOS"),
        (model(member("x", "STRING", length="3")), "dataType.specs.length is missing or not a whole number"),
        (model(member("x", "ARRAY")), "dataType.specs.item is missing or not an object"),
        (model(member("x", "STRUCT")), "dataType.specs.members is missing or not a list"),
        (model(member("x", "STRUCT", members=[3])), "specs.members[0].identifier is missing"),
        (model(member("x", "INT") | {"dataType": {"type": "INT", "specs": 3}}), "specs is missing or not an"),
    ],
)
def test_what_is_no_model_is_said_with_its_place(document: Any, reason: str) -> None:
    with pytest.raises(Se3Error) as caught:
        read_model(document)
    assert reason in str(caught.value)


def test_a_model_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(orjson.dumps(model(member("score", "FLOAT"))))
    assert load_model(path).events.keys() == {"face"}


@pytest.mark.parametrize("content", [None, b"{", b"\xff", b"{}"])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Se3Error, match=r"The model .*model\.json can't be used"):
        load_model(path)

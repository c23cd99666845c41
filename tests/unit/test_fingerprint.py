"""Equal content has an equal fingerprint, whatever carried it; other content has another."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fingerprint import fingerprint

EVENT: dict[str, Any] = {
    "identity_id": "01200002",
    "score": 94.80,
    "timestamp": 1566016554020,
    "ext_data": {"person_type": 1, "ep_id": "A__1", "grab_fiqa_info": {"rect": {"top": 420}, "ok": True}},
}
PICTURES = {"/ext_data/spot_pic": b"\x01" * 32}


def test_key_order_does_not_count() -> None:
    shuffled = dict(reversed(EVENT.items())) | {"ext_data": dict(reversed(EVENT["ext_data"].items()))}
    assert fingerprint(shuffled, PICTURES) == fingerprint(EVENT, PICTURES)


def test_a_form_has_the_fingerprint_of_its_json() -> None:
    form = EVENT | {"score": "94.8", "timestamp": "1566016554020"}
    as_text = form | {"ext_data": json.loads(json.dumps(EVENT["ext_data"]))}
    assert fingerprint(as_text, PICTURES) == fingerprint(EVENT, PICTURES)


def test_a_field_beside_ext_data_counts_as_one_in_it() -> None:
    beside = {**EVENT, **EVENT["ext_data"]} | {"ext_data": {}}
    assert fingerprint(beside, {"/spot_pic": b"\x01" * 32}) == fingerprint(EVENT, PICTURES)


@pytest.mark.parametrize("nothing", [None, "", {}, []])
def test_a_field_that_says_nothing_counts_as_missing(nothing: object) -> None:
    assert fingerprint(EVENT | {"want_action": nothing}, PICTURES) == fingerprint(EVENT, PICTURES)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("identity_id", "1200002"),
        ("score", 94.81),
        ("timestamp", 1566016554021),
        ("new_field", "x"),
        ("ext_data", {"person_type": 1}),
    ],
)
def test_other_content_has_another_fingerprint(field: str, other: object) -> None:
    assert fingerprint(EVENT | {field: other}, PICTURES) != fingerprint(EVENT, PICTURES)


def test_another_picture_has_another_fingerprint() -> None:
    assert fingerprint(EVENT, {"/ext_data/spot_pic": b"\x02" * 32}) != fingerprint(EVENT, PICTURES)


@given(
    st.dictionaries(st.text(), st.text() | st.integers() | st.dictionaries(st.text(), st.integers())),
    st.randoms(),
)
def test_any_document_keeps_its_fingerprint_when_shuffled(
    document: dict[str, Any], rng: random.Random
) -> None:
    keys = list(document)
    rng.shuffle(keys)
    assert fingerprint({key: document[key] for key in keys}, {}) == fingerprint(document, {})


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("1e3", "1000"), ("007", "7")])
@pytest.mark.parametrize("name", ["identity_id", "group_name", "ep_id"])
def test_ids_that_are_equal_numbers_are_different_ids(name: str, one: str, other: str) -> None:
    assert fingerprint({name: one}, {}) != fingerprint({name: other}, {})
    assert fingerprint({"ext_data": {name: one}}, {}) != fingerprint({"ext_data": {name: other}}, {})


def test_two_values_of_a_field_do_not_change_places() -> None:
    one = {"ep_id": "a", "ext_data": {"ep_id": "b"}}
    assert fingerprint(one, {}) != fingerprint({"ep_id": "b", "ext_data": {"ep_id": "a"}}, {})


def test_a_fraction_counts_as_the_double_that_json_makes_of_it() -> None:
    assert fingerprint({"score": 94.799999999999997}, {}) == fingerprint({"score": "94.799999999999997"}, {})


def test_a_picture_counts_by_its_bytes_however_its_text_was_written() -> None:
    pictures = {"/reg_pic": b"1" * 32}
    assert fingerprint({"reg_pic": "/9j/\n4AAQ"}, pictures) == fingerprint({"reg_pic": None}, pictures)


def test_text_can_not_imitate_another_field() -> None:
    assert fingerprint({"a": "1", "b": "2"}, {}) != fingerprint({"a": "11:b1:2"}, {})

"""Equal content has an equal fingerprint, whatever carried it; other content has another."""

import hashlib
import json
import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.fingerprint import fingerprint
from app.domain.firmware import CONTAINERS, TEXT_NAMES
from app.domain.pointers import pointer

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


characters = st.characters(exclude_categories=["Cs"])
few_names = st.sampled_from(["ext_data", "ep_info", "identity_info", "ep_id", "score", "a", "", "/", "~1"])
names = few_names | st.sampled_from(sorted(CONTAINERS | TEXT_NAMES)) | st.text(characters)
number_texts = st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
leaf_values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**420), 10**420)
    | st.floats(allow_nan=False, allow_infinity=False)
    | number_texts
    | st.sampled_from(
        ["True", "False", "true", "-0", "-0.0", "1e400", "0" * 401, "9" * 350 + ".50", "1" + "0" * 399]
    )
    | st.text(characters)
)
documents = st.dictionaries(
    names,
    st.recursive(leaf_values, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=20),
)
two_levels = st.dictionaries(few_names, st.integers() | st.dictionaries(few_names, st.integers()))


@given(documents | two_levels, st.data())
def test_a_fingerprint_never_changes_its_value(document: dict[str, Any], data: st.DataObject) -> None:
    """Databases in the field hold fingerprints; an event that comes again must have the one it had."""
    places = [pointer(*path) for path in _paths(document, ())]
    at = st.sampled_from([*places, "/spot_pic", "/ext_data/spot_pic"])
    pictures = data.draw(st.dictionaries(at, st.binary(min_size=32, max_size=32), max_size=2))
    assert fingerprint(document, pictures) == plain_fingerprint(document, pictures)


def plain_fingerprint(document: dict[str, Any], pictures: dict[str, bytes]) -> bytes:
    """What a fingerprint is, step by step, as the first release computed it."""
    places = {tuple(place.split("/")[1:]): sha256.hex() for place, sha256 in pictures.items()}
    for path in _paths(document, ()):
        escaped = tuple(pointer(*path).split("/")[1:])
        text = plain_text(_value_at(document, path), escaped[-1])
        if text and escaped not in places:
            places[escaped] = text
    inside = Counter(
        name for _, name in {path[:2] for path in places if len(path) > 1 and path[0] in CONTAINERS}
    )
    beside = {path[0] for path in places}
    hoisted = {name for name, containers in inside.items() if containers == 1 and name not in beside}
    leaves = sorted(
        ("/".join(path[1:] if path[0] in CONTAINERS and path[1:2] and path[1] in hoisted else path), text)
        for path, text in places.items()
    )
    lines = [f"{len(place)}:{place}{len(text)}:{text}" for place, text in leaves]
    return hashlib.sha256("".join(lines).encode()).digest()


def plain_text(value: Any, name: str) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    text = {"True": "true", "False": "false"}.get(value, value) if isinstance(value, str) else str(value)
    number = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", text)
    if name in TEXT_NAMES or len(text) > 400 or not number:
        return text
    exact = text if text.lstrip("-").isdigit() or math.isinf(float(text)) else repr(float(text))
    return str(Decimal(exact).normalize(Context(prec=400)))


def _paths(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """The way to each value that is no object and no list."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(item, (*path, key))
    else:
        yield path


def _value_at(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document

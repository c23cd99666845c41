"""Names of form fields that reach into objects build the object, and lose nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.receiver.body.form_keys import gather


@pytest.mark.parametrize(
    ("pairs", "document"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a", "1"), ("a", "2"), ("a", "3")], {"a": ["1", "2", "3"]}),
        ([("a[b]", "1"), ("a[c][d]", "2")], {"a": {"b": "1", "c": {"d": "2"}}}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[0][x]", "1"), ("a[1][x]", "2")], {"a": [{"x": "1"}, {"x": "2"}]}),
        ([("a[1]", "1")], {"a": {"1": "1"}}),
        ([("ext_data.a", "1"), ("ext_data.b.c", "2")], {"ext_data": {"a": "1", "b": {"c": "2"}}}),
        (
            [("ep_info.ep_ip", "1"), ("media_device_info.x", "2")],
            {"ep_info": {"ep_ip": "1"}, "media_device_info": {"x": "2"}},
        ),
        ([("version.minor", "1")], {"version.minor": "1"}),
        ([("a", "1"), ("a[b]", "2")], {"a": "1", "a[b]": "2"}),
        ([("a", "1"), ("a[b]", "2"), ("a[b]", "3")], {"a": "1", "a[b]": ["2", "3"]}),
        ([("a[", "1"), ("]b", "2"), ("[c]", "3")], {"a[": "1", "]b": "2", "[c]": "3"}),
        ([("ext_data[p]", b"\xff")], {"ext_data": {"p": b"\xff"}}),
        ([("ext_data[q][r]", b"\xff")], {"ext_data": {"q": {"r": b"\xff"}}}),
        (
            [("a", {"b": 1, "c": {"d": 2}}), ("a[e]", b"\xff"), ("a[c][f]", "3")],
            {"a": {"b": 1, "c": {"d": 2, "f": "3"}, "e": b"\xff"}},
        ),
        ([("a", {"0": "x"}), ("a[1]", "y")], {"a": {"0": "x", "1": "y"}}),
        ([("p", b"\xff"), ("p", b"\xfe")], {"p": [b"\xff", b"\xfe"]}),
        ([("a" + "[x]" * 30, "1")], {"a" + "[x]" * 30: "1"}),
    ],
)
def test_names_build_objects(pairs: list[tuple[str, Any]], document: dict[str, Any]) -> None:
    assert gather(pairs) == document


@given(st.lists(st.tuples(st.text("ab[].", min_size=1, max_size=8), st.uuids().map(str)), max_size=12))
def test_every_value_is_in_the_document(pairs: list[tuple[str, str]]) -> None:
    shown = str(gather(pairs))
    assert all(value in shown for _, value in pairs)

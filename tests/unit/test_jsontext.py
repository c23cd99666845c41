"""JSON text goes in and out unchanged, and what could not be given back is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import jsontext

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)


@given(values)
def test_a_document_comes_back_equal(value: object) -> None:
    written = jsontext.dump(value)
    back = jsontext.parse(written.encode())
    assert jsontext.canonical(back) == jsontext.canonical(value)
    assert json.loads(json.dumps(value)) == back


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_encodings_are_told_apart(encoding: str) -> None:
    assert jsontext.parse('{"name": "小明 😀"}'.encode(encoding)) == {"name": "小明 😀"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b'{"deep": {"a": 1, "a": 1}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b"\xff\xfe\xfd",
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * (jsontext.MAX_DEPTH + 1) + b"]" * (jsontext.MAX_DEPTH + 1),
        b"1" * 5000,
        b"[" + b"1," * jsontext.MAX_VALUES + b"1,1]",
    ],
)
def test_what_could_not_be_given_back_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each parser words its own error
        jsontext.parse(body)


def test_many_keys_take_no_quadratic_time() -> None:
    body = "{" + ",".join(f'"k{i}":1' for i in range(jsontext.MAX_VALUES)) + ',"k7":2}'
    with pytest.raises(ValueError, match="names the key 'k7' twice"):
        jsontext.parse(body.encode())


def test_the_deepest_allowed_nesting_comes_back() -> None:
    body = b"[" * jsontext.MAX_DEPTH + b"]" * jsontext.MAX_DEPTH
    assert jsontext.dump(jsontext.parse(body)).encode() == body


def test_canonical_text_ignores_the_order_of_keys_but_not_types() -> None:
    assert jsontext.canonical({"a": 1, "b": 2}) == jsontext.canonical({"b": 2, "a": 1})
    assert jsontext.canonical({"a": 1}) != jsontext.canonical({"a": "1"})
    assert jsontext.canonical({"a": 1}) != jsontext.canonical({"a": True})

"""JSON text goes in and out unchanged, and what could not be given back is refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import jsontext

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)

keys = texts | st.sampled_from(["", "a", "a", 'say "a"', "\\"])
numbers = st.sampled_from(
    [
        "-0",
        "-0.0",
        "0e5",
        "1E400",
        "-1e-400",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
    ]
)


def string_texts(contents: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """JSON strings in the spellings that senders use."""
    plain = contents.map(lambda text: json.dumps(text, ensure_ascii=False))
    return plain | contents.map(json.dumps) | plain.map(lambda text: text.replace("/", "\\/"))


def object_text(pairs: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


scalar_texts = (
    scalars.map(json.dumps)
    | numbers
    | st.integers(2**62, 2**66).map(str)
    | string_texts(texts | keys)
    | st.sampled_from(
        ['"\\ud83d\\ude00"', '"\\ud83d"', '"\\u0022"', '"\\u0000"', '"\x01"', "NaN", "01", "1.", "nul"]
    )
)
json_texts = st.recursive(
    scalar_texts,
    lambda inner: (
        st.lists(inner).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(string_texts(keys), inner)).map(object_text)
    ),
    max_leaves=20,
)


def outcome(parse: Callable[[bytes | str], Any], body: bytes | str) -> str:
    try:
        return repr(parse(body))  # which tells 1 from 1.0, and 0.0 from -0.0
    except ValueError as error:
        return f"{type(error).__name__}: {error}"


@given(json_texts, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]))
def test_the_fast_parser_says_what_the_standard_library_says(text: str, encoding: str) -> None:
    for body in (text, text.encode(encoding)):
        assert outcome(jsontext.parse, body) == outcome(jsontext._parse_exactly, body)


@given(json_texts, st.data())
def test_the_fast_parser_refuses_what_the_standard_library_refuses(text: str, data: st.DataObject) -> None:
    """Damaged text, UTF-8 broken in its midst included."""
    whole = text.encode()
    place = data.draw(st.integers(0, len(whole)))
    body = whole[:place] + data.draw(st.binary(max_size=2)) + whole[place + data.draw(st.integers(0, 2)) :]
    assert outcome(jsontext.parse, body) == outcome(jsontext._parse_exactly, body)


@given(st.integers(jsontext.MAX_DEPTH - 3, jsontext.MAX_DEPTH + 3), st.sampled_from(["", "1", '"a"', "{}"]))
def test_the_fast_parser_goes_as_deep_as_the_standard_library(levels: int, innermost: str) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        body = (opening * levels + (innermost or "null") + closing * levels).encode()
        assert outcome(jsontext.parse, body) == outcome(jsontext._parse_exactly, body)


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

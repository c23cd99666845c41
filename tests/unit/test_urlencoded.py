"""Urlencoded bodies hold the fields that urllib finds, in UTF-8 and in GBK; none takes long."""

from urllib.parse import parse_qsl, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.receiver.body.urlencoded import fields_of

NO_TIME = pytest.mark.timeout(30)  # what takes a second here would take hours if it were quadratic
MEGABYTES_5 = 5_000_000

PIECES = st.sampled_from(
    [
        b"&",
        b"=",
        b"+",
        b"%",
        b"%2",
        b"%2B",
        b"%2b",
        b"%3D",
        b"%26",
        b"%25",
        b"%00",
        b"%GG",
        b"%\r\n",
        b"?",
        b";",
    ]
) | st.sampled_from(["a", "小", "%E5%B0%8F", "%E5", "%FF", "\ufeff", "\0", " ", "\\", "#"]).map(str.encode)


def fields_of_urllib(body: bytes) -> list[tuple[bytes, bytes]]:
    text = body.decode("ascii", "surrogateescape")
    fields = parse_qsl(text, keep_blank_values=True, encoding="ascii", errors="surrogateescape")
    return [tuple(part.encode("ascii", "surrogateescape") for part in field) for field in fields]  # type: ignore[misc]


@given(st.lists(PIECES | st.binary(max_size=3), max_size=30).map(b"".join))
@example(b"?a=1")
@example(b"a=%C4%E3&b=2")
def test_fields_are_those_of_urllib(body: bytes) -> None:
    expected = fields_of_urllib(body)
    try:
        fields, charset = fields_of(body)
    except UnicodeDecodeError:
        for charset in ("utf-8", "gb18030"):
            with pytest.raises(UnicodeDecodeError):
                [text.decode(charset) for field in expected for text in field]
    else:
        assert fields == [(name.decode(charset), value.decode(charset)) for name, value in expected]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=9))
def test_texts_come_back_as_they_were(fields: list[tuple[str, str]]) -> None:
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields).encode()
    assert fields_of(body) == (fields, "utf-8")


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
@pytest.mark.parametrize("is_escaped", [True, False])
def test_the_charset_is_told(charset: str, is_escaped: bool) -> None:
    name = "王小明".encode(charset)
    body = b"?a=1&a=&b&c=" + (quote_plus(name).encode() if is_escaped else name)
    assert fields_of(body) == ([("?a", "1"), ("a", ""), ("b", ""), ("c", "王小明")], charset)


@pytest.mark.parametrize(("count", "taken"), [(1000, True), (1001, False)])
def test_no_more_than_a_thousand_fields_are_taken(count: int, taken: bool) -> None:
    body = b"&".join([b"a=1"] * count)
    if taken:
        assert len(fields_of(body)[0]) == count
    else:
        with pytest.raises(ValueError, match="more than 1000"):
            fields_of(body)


@NO_TIME
@pytest.mark.parametrize("end", [b"", b"\xff"])
@pytest.mark.parametrize("piece", [b"%", b"%2", b"%2B", b"%25", b"+", b"=", b"&", b"a=&", b"?", b"%E5"])
def test_no_body_takes_long(piece: bytes, end: bytes) -> None:
    try:
        fields_of(piece * (MEGABYTES_5 // len(piece)) + end)
    except ValueError:
        assert piece in (b"&", b"a=&", b"%E5") or end

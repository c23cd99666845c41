"""What a person does not change of a refused body stays what it is, however a browser sends it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.receiver.body.decoding import Encoding, decode
from app.receiver.refused.changes import changes
from app.receiver.refused.editing import Editor, Field, editor_of
from app.receiver.refused.opening import BinaryBody, FormBody, JsonBody, TextBody, open_body
from app.receiver.refused.shortening import PictureTokens, shortened

MOST = 2**20
BASE64 = "A+/b" * 100
SPACED = BASE64.replace("+", " ")

characters = st.characters(exclude_categories=["Cs"])
words = st.text(characters, max_size=20) | st.sampled_from(
    [BASE64, SPACED, "{picture 1}", "\\/" + BASE64, "\r"]
)
texts = st.lists(words, max_size=6).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
names = st.text(st.sampled_from("abc[].01"), min_size=1, max_size=8)


def as_browsers_send(fields: list[Field]) -> list[Field]:
    """The value of a text area: every line break a CRLF, and no U+0000."""
    return [
        Field(
            name,
            text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").replace("\x00", "\ufffd"),
        )
        for name, text in fields
    ]


@given(texts, st.booleans())
def test_tokens_give_way_to_what_they_stand_for(text: str, in_form: bool) -> None:
    tokens = PictureTokens([text])
    short = shortened(text, tokens.take, in_form=in_form)
    assert tokens.put_back(short) == text
    assert BASE64 not in short


@given(st.dictionaries(texts, values, min_size=1))
def test_json_that_nobody_changes_is_no_corrected_body(document: dict[str, Any]) -> None:
    editor = editor_of(open_body(json.dumps(document).encode(), "", MOST))
    assert editor
    assert editor.edited(as_browsers_send(editor.fields)).body is None


@given(st.dictionaries(texts, values))
def test_of_json_only_what_was_changed_changes(document: dict[str, Any]) -> None:
    editor = editor_of(open_body(json.dumps(document | {"score": "high"}).encode(), "", MOST))
    assert editor
    [field] = as_browsers_send(editor.fields)
    head, _, tail = field.text.rpartition('"high"')
    edited = editor.edited([Field("", f"{head}0.5{tail}")])
    assert edited.body
    assert decode(edited.body, edited.content_type, MOST).documents == [document | {"score": 0.5}]


@given(
    st.lists(st.tuples(names, texts), min_size=1), st.sampled_from([Encoding.URLENCODED, Encoding.MULTIPART])
)
def test_of_a_form_only_what_was_changed_changes(fields: list[tuple[str, str]], encoding: Encoding) -> None:
    editor = Editor(fields, encoding)
    typed = as_browsers_send(editor.fields)
    assert editor.edited([*typed, Field("", "")]).body is None
    edited = editor.edited([*typed, Field("group_name", "Staff"), Field("", "")])
    assert edited.body
    opened = open_body(edited.body, edited.content_type, MOST)
    assert opened == FormBody([*fields, ("group_name", "Staff")], encoding)


def test_a_file_of_a_form_stays_a_file() -> None:
    picture = b"\xff\xd8\xff\r\n--x\x00"
    editor = Editor([("score", "high"), ("reg_pic", picture)], Encoding.MULTIPART)
    edited = editor.edited([Field("score", "0.5"), editor.fields[1]])
    assert edited.body
    opened = open_body(edited.body, edited.content_type, MOST)
    assert opened == FormBody([("score", "0.5"), ("reg_pic", picture)], Encoding.MULTIPART)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), BinaryBody),
        (b"\x1f\x8bbroken", BinaryBody),
        (b"<event/>", TextBody),
        ("<事件/>".encode("gbk"), TextBody),
        ("<é/>".encode("utf-16"), TextBody),
        (b'{"a": 1}' + b" " * MOST, TextBody),  # longer than what may be parsed
        (b"[1]", JsonBody),
        (b"a=1&b=2", FormBody),
    ],
)
def test_a_body_is_opened_as_what_a_person_can_read(body: bytes, kind: type) -> None:
    assert isinstance(open_body(body, "", MOST), kind)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b'{"a": {"b": null}, "c": 1}', b'{"a": {"b": "x"}, "c": 1}', '/a/b null → "x"'),
        (b'{"a": 1}', b'{"a": 1, "b": [2]}', "/b/0 nothing → 2"),
        (b"a=1&a=2", b"a=1&a=3", '"a" (2) "2" → "3"'),
        (b"a%00b=1", b"a=1", '"a\\u0000b" "1" → nothing; "a" nothing → "1"'),
        (b'{"a\\u0000": 1}', b'{"a\\u0000": 2}', "/a\\u0000 1 → 2"),
        (b'{"a": 1', b'{"a": 1}', 'at character 7 "" → "}"'),
        (b'{"a": xyz}', b'{"a": "xyz"}', 'at character 6 "xyz" → "\\"xyz\\""'),
        (b"\xff\xd8\xff\x00", b"{}", "all 4 bytes"),
    ],
)
def test_what_was_changed_is_said_with_what_stood_there_before(
    before: bytes, after: bytes, said: str
) -> None:
    opened = open_body(before, "", MOST), open_body(after, "", MOST)
    assert changes(*opened, after.decode()) == said


def test_of_a_changed_picture_no_byte_is_told() -> None:
    one, other = (json.dumps({"reg_pic": text * 100}).encode() for text in ("ABCD", "EFGH"))
    said = changes(open_body(one, "", MOST), open_body(other, "", MOST), other.decode())
    assert said.startswith('/reg_pic "<400 characters of base64, ')
    assert "ABCD" not in said


@pytest.mark.parametrize(
    "body",
    [b'{"identity_name": "Jos\xe9\xff", "note": "' + b"x" * 100, b"<event>" + b"x" * 100 + b"\xff\xff"],
)
def test_what_cannot_all_be_read_is_not_edited(body: bytes) -> None:
    opened = open_body(body, "", MOST)
    assert isinstance(opened, TextBody)
    assert editor_of(opened) is None

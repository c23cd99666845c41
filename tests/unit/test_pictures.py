"""A picture's text comes back exactly, whether it was taken out of its document or left in it."""

import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.receiver.event.pictures import take_pictures
from app.store.pictures import text_as_sent

pictures = st.binary(max_size=90).map(lambda rest: b"\xff\xd8\xff" + rest)
prefixes = st.sampled_from(["", "data:image/jpeg;base64,", "data:;base64,"])


@given(pictures, prefixes)
def test_a_picture_is_taken_out(content: bytes, prefix: str) -> None:
    document: dict[str, Any] = {"spot_pic": text_as_sent(prefix, content)}
    (use,) = take_pictures(document).uses
    assert document == {"spot_pic": None}
    assert (use.prefix, use.picture.content) == (prefix, content)


@given(pictures, st.sampled_from(string.ascii_letters + string.digits + "+/"))
def test_a_text_with_bits_behind_its_last_byte_comes_back(content: bytes, last: str) -> None:
    plain = text_as_sent("", content)
    digits = plain.rstrip("=")
    check(digits[:-1] + last + plain[len(digits) :])


@given(pictures, prefixes, st.data())
def test_a_text_that_is_not_what_encoding_makes_comes_back(
    content: bytes, prefix: str, data: st.DataObject
) -> None:
    plain = text_as_sent("", content)
    place = data.draw(st.integers(0, len(plain)))
    other = data.draw(st.text("ABgw19+/-_= \n\té", max_size=3))
    check(prefix + plain[:place] + other + plain[place + data.draw(st.integers(0, 3)) :])


def check(text: str) -> None:
    """A text stays in its document unless its picture and prefix give it again."""
    document: dict[str, Any] = {"spot_pic": text}
    uses = take_pictures(document).uses
    for use in uses:
        exact = text_as_sent(use.prefix or "", use.picture.content) == text
        assert document["spot_pic"] == (None if exact else text)
        assert (use.prefix is not None) == exact
    assert uses or document["spot_pic"] == text

"""A multipart body falls into the parts that werkzeug finds, or both refuse it; none takes long."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from app.receiver.body.multipart import parts_of

Parts = list[tuple[str, bool, bytes]]

NO_TIME = pytest.mark.timeout(30)  # what takes a second here would take hours if it were quadratic
MEGABYTES_5 = 5_000_000

BOUNDARIES = ["x", "-x", "x-y", "----WebKitFormBoundary7MA4YWxk", "a b'()+_,./:=?", "小"]
HEADERS = [
    'Content-Disposition: form-data; name="a"',
    'Content-Disposition: form-data; name="ext_data[info][age]"',
    "content-disposition:form-data;name=a.b-c",
    'Content-Disposition: form-data; name="q\\"uo\\\\t%22ed"; filename="C:\\path\\p.jpg"',
    "Content-Disposition: form-data; name*=utf-8''%E5%B0%8F; filename*0=a; filename*1=b",
    'Content-Disposition: form-data; name="小明"; filename=""',
    'Content-Disposition: form-data;\r\n name="folded"',
    'Content-Disposition: form-data; name=""',
    'Content-Disposition: form-data; name="a"\r\nContent-Type: image/jpeg\r\nX-Y: z',
    'X: y\nContent-Disposition: form-data; name="b"\rContent-Disposition: form-data; name="c"',
    "Content-Disposition: form-data",
    'Content-Disposition: form-data; name="unclosed',
    "Content-Type: text/plain",
    "",
]
LINE_BREAKS = [b"\r\n", b"\n", b"\r"]
SOUP = st.sampled_from(
    [*LINE_BREAKS, b"\r\n\r\n", b" ", b"\t", b"\v", b"-", b"--", b"=", b":", b";", b"\xff", b"\xe5", b"v"]
)


def parts_of_werkzeug(body: bytes, boundary: str) -> Parts:
    decoder = MultipartDecoder(boundary.encode(), max_parts=1000)
    decoder.receive_data(body)
    decoder.receive_data(None)
    parts: Parts = []
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            if event.name is None:
                raise ValueError
            parts.append((event.name, isinstance(event, File), b""))
        elif isinstance(event, Data):
            name, is_file, content = parts.pop()
            parts.append((name, is_file, content + event.data))
    return parts


def outcome(read: Any, body: bytes, boundary: str) -> Parts | None:
    """What `read` makes of a body; None if it refuses it."""
    try:
        return [tuple(part) for part in read(body, boundary)]
    except ValueError:
        return None


@st.composite
def bodies(draw: st.DrawFn, boundary: str) -> bytes:
    """A body as senders write it, careless ones too."""
    line_break = draw(st.sampled_from(LINE_BREAKS))
    marker = b"--" + boundary.encode()
    body = draw(st.sampled_from([b"", b"preamble" + line_break, line_break]))
    contents = st.lists(SOUP | st.binary(max_size=9) | st.just(marker), max_size=6).map(b"".join)
    for headers in draw(st.lists(st.sampled_from(HEADERS[:4]) | st.sampled_from(HEADERS), max_size=4)):
        padding = draw(st.sampled_from([b"", b"", b" \t"]))
        body += marker + padding + line_break + headers.encode() + line_break * 2
        body += draw(contents) + line_break
    return body + marker + draw(st.sampled_from([b"--", b"--\r\n", b"-- \t\nepilogue"]))


@st.composite
def mutated(draw: st.DrawFn, boundary: str) -> bytes:
    """A body with a few places cut, doubled, or overwritten."""
    body = draw(bodies(boundary))
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(start + 40, len(body))))
        body = body[:start] + draw(SOUP | st.just(body[start:end] * 2) | st.just(b"")) + body[end:]
    return body


@pytest.mark.parametrize("line_break", LINE_BREAKS)
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("content", [b"", b"v\r\n", b"v\r", b"\n--x-y\nv\n"])
def test_every_kind_of_part_is_read_as_werkzeug_reads_it(
    line_break: bytes, headers: str, content: bytes
) -> None:
    head = line_break.join([b"--x", headers.encode(), b"", b""])
    body = head + content + line_break.join([head, b"w", b"--x--"])
    assert outcome(parts_of, body, "x") == outcome(parts_of_werkzeug, body, "x")


@settings(max_examples=500, deadline=None)
@given(st.data(), st.sampled_from(BOUNDARIES))
def test_parts_are_those_of_werkzeug(data: st.DataObject, boundary: str) -> None:
    body = data.draw(mutated(boundary))
    assert outcome(parts_of, body, boundary) == outcome(parts_of_werkzeug, body, boundary)


@given(st.lists(SOUP | st.sampled_from([b"--x", b"\n--x", HEADERS[0].encode(), b"--x--"]), max_size=24))
def test_parts_of_rubbish_are_those_of_werkzeug(pieces: list[bytes]) -> None:
    body = b"--x\r\n" + b"".join(pieces)
    assert outcome(parts_of, body, "x") == outcome(parts_of_werkzeug, body, "x")


@given(st.lists(st.tuples(st.sampled_from(["a", "b[c]", "小"]), st.binary()), max_size=5))
def test_contents_come_back_byte_for_byte(fields: list[tuple[str, bytes]]) -> None:
    body = b""
    for name, content in fields:
        header = f'Content-Disposition: form-data; name="{name}"'.encode()
        body += b"--boundary\r\n" + header + b"\r\n\r\n" + content + b"\r\n"
    parts = list(parts_of(body + b"--boundary--", "boundary"))
    assert [(part.name, part.content) for part in parts] == fields


@pytest.mark.parametrize(("count", "taken"), [(1000, True), (1001, False)])
def test_no_more_than_a_thousand_parts_are_taken(count: int, taken: bool) -> None:
    body = f"--x\r\n{HEADERS[0]}\r\n\r\nv\r\n".encode() * count + b"--x--"
    assert bool(outcome(parts_of, body, "x")) is taken


@NO_TIME
@pytest.mark.parametrize("boundary", ["x", "a--" * 2500])
@pytest.mark.parametrize(
    "piece",
    [b"--", b"--a", b"--x", b"\r\n--x", b"\n--x ", b"--x\r\n", b"\r\n", b"\n ", b" ", b"\r\n\r\n--x-"],
)
@pytest.mark.parametrize("place", ["preamble", "headers", "value", "content"])
def test_no_body_takes_long(boundary: str, piece: bytes, place: str) -> None:
    marker = b"--" + boundary.encode()
    before = {
        "preamble": b"",
        "headers": marker + b"\r\nContent-Disposition: ",
        "value": marker + b"\r\nContent-Disposition: form-data; name=",
        "content": marker + f"\r\n{HEADERS[0]}\r\n\r\n".encode(),
    }
    outcome(parts_of, before[place] + piece * (MEGABYTES_5 // len(piece)), boundary)

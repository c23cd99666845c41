"""What was collected of a request is whole when the parser finds it whole, however its bytes came in."""

import time

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser
from hypothesis import given
from hypothesis import strategies as st

from app.receiver.worker.incoming import MOST_HEAD_BYTES, Held, Incoming, State

MOST_BYTES = 200_000
HEAD = b"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\n"
BEHIND = b"GET /healthz HTTP/1.1\r\nHost: it\r\n\r\n"

bodies = st.binary(max_size=300)


def with_length(body: bytes) -> bytes:
    return HEAD + b"content-LENGTH: \t%d \r\n\r\n" % len(body) + body


def in_chunks(pieces: list[bytes], trailer: bytes = b"") -> bytes:
    chunks = b"".join(b"%X;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return HEAD + b"Transfer-Encoding: Chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n"


def incoming() -> Incoming:
    return Incoming(MOST_BYTES, Held())


def state_of(*pieces: bytes) -> State:
    found = incoming()
    return [found.add(memoryview(piece)) for piece in pieces][-1]


requests = st.one_of(
    st.just(b"GET / HTTP/1.1\r\n\r\n"),
    st.just(b"\r\n" + BEHIND),
    bodies.map(with_length),
    st.lists(bodies, max_size=4).map(in_chunks),
    bodies.map(lambda body: in_chunks([body], b"X-Sum: 1\r\n")),
)


@given(st.lists(requests, min_size=1, max_size=4), st.integers(1, 64), st.booleans())
def test_requests_are_whole_where_the_parser_ends_them(
    sent: list[bytes], piece_bytes: int, takes: bool
) -> None:
    """Sent one behind the other, in pieces; the parser reads nothing but what was collected.

    With `takes` a body of known length does not go through the parser.
    """
    collected, held = Incoming(MOST_BYTES, total := Held()), b"".join(sent)
    parser = get_parser(Config(), [], ("192.0.2.7", 1))
    parser.unreader = collected
    whole = []
    for start in range(0, len(held), piece_bytes):
        state = collected.add(memoryview(held[start : start + piece_bytes]))
        while state is State.WHOLE:
            request = next(parser)
            length = getattr(request.body.reader, "length", -1)
            if takes and (taken := collected.take_body(length)):
                assert taken.getbuffer().nbytes == length
                request.body = taken
            body = request.body.read()
            assert collected.was_read
            whole.append(body)
            collected.next_request()
            assert total.bytes == collected.size
            state = collected.look()
    assert len(whole) == len(sent)
    assert collected.size == 0


@given(bodies.map(with_length), st.data())
def test_what_is_not_whole_is_partial(sent: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(sent) - 1))
    assert state_of(sent[:cut]) is State.PARTIAL


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % MOST_BYTES,
        HEAD + b"Content-Length: %s\r\n\r\n" % (b"9" * 5000),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 1000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\n12345",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a" * 9000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"ffff\r\n" + b"x" * 0xFFFF + b"\r\nfffff\r\n",
    ],
)
def test_what_can_never_be_taken_is_not_waited_for(sent: bytes) -> None:
    assert state_of(sent) is State.HOPELESS


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5, 5\r\n",
    ],
)
def test_nor_is_the_body_of_what_the_parser_refuses_by_its_head(fields: bytes) -> None:
    assert state_of(HEAD + fields + b"\r\n") is State.WHOLE


def test_a_head_without_an_end_is_too_large() -> None:
    assert state_of(HEAD, b"a" * MOST_HEAD_BYTES) is State.HEAD_TOO_LARGE
    assert state_of(b"GET / HTTP/1.1\nHost: it\n\n") is State.WHOLE  # the parser refuses it


def test_who_asks_whether_to_go_on_is_known() -> None:
    found = incoming()
    found.add(memoryview(HEAD + b"Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n"))
    assert found.awaits_continue


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"Content-Length: " + b"0" * (MOST_HEAD_BYTES - 100) + b"x\r\n\r\n",
        HEAD + b"Content-Length: " + b"0" * 250_000 + b"x\r\n\r\n",
        HEAD + b"Transfer-Encoding: " + b" \t" * 30_000 + b"\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 40_000,
    ],
)
def test_no_head_keeps_the_loop_busy(head: bytes) -> None:
    began = time.process_time()
    state_of(head)
    assert time.process_time() - began < 0.1


def test_a_length_may_begin_with_zeros() -> None:
    assert state_of(HEAD + b"Content-Length: 0005\r\n\r\n1234") is State.PARTIAL
    assert state_of(HEAD + b"Content-Length: 0005\r\n\r\n12345") is State.WHOLE


def test_a_body_in_more_tiny_chunks_than_anybody_sends_is_given_up() -> None:
    assert state_of(in_chunks([b"x"] * 5000)) is State.HOPELESS
    assert state_of(in_chunks([b"x"] * 900)) is State.WHOLE
    assert state_of(in_chunks([b"x" * 100] * 1500)) is State.WHOLE


def test_an_empty_line_behind_a_body_begins_no_request() -> None:
    collected = incoming()
    assert collected.add(memoryview(b"\r\n")) is State.PARTIAL
    assert collected.size == 0

"""Clients that send slowly, or take no replies, or open all connections there are, hold up nobody else."""

import http.client
import itertools
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from app.simulators.encodings import encode
from app.store.database import Database
from app.store.migration import migrate
from tests.support.attackers import connect, slow_crowd
from tests.support.certificates import Authority
from tests.support.receivers import Receiver, event
from tests.support.waiting import wait_until

HELD_UP_SECONDS = 5.0  # and more: a thread waits 10 s for a client, a connection 60; a busy machine, less
HEAD = b"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\nContent-Type: application/json\r\n"
IN_BODY = HEAD + b"Content-Length: 9999\r\n\r\n{"
IN_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n270f\r\n{"
NO_EVENTS = b"[" + b",".join([b"{}"] * 60) + b"]"
PIPELINED = (HEAD + b"Content-Length: %d\r\n\r\n" % len(NO_EVENTS) + NO_EVENTS) * 100  # with long replies


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder = tmp_path_factory.mktemp("receiver")
    with closing(Database(url := f"sqlite:///{folder}/se3.db")) as database:
        migrate(database)
    receiver = Receiver(folder, url, WEB_CONCURRENCY="1")
    yield receiver
    receiver.program.stop(timeout=30)


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return itertools.count(1)


def status_on(connection: socket.socket) -> int:
    """The status of the next reply, which is read to its end."""
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    reply.read()
    return reply.status


def slowest_reply(receiver: Receiver, numbers: Iterator[int], posts: int) -> float:
    """Seconds that the slowest of these posts took, one behind the other."""
    slowest = 0.0
    for number in itertools.islice(numbers, posts):
        began = time.monotonic()
        assert receiver.post(number) == (200, False)
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def test_a_hundred_that_send_byte_by_byte_hold_up_nobody(receiver: Receiver, numbers: Iterator[int]) -> None:
    slowest_reply(receiver, numbers, 3)  # a first request takes longer
    with slow_crowd(receiver, [HEAD, IN_BODY, IN_CHUNKS], 100):
        assert slowest_reply(receiver, numbers, 30) < HELD_UP_SECONDS


def test_nor_do_those_who_ask_and_take_no_reply(receiver: Receiver, numbers: Iterator[int]) -> None:
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(connect(receiver, room=4096)).send(PIPELINED)
        slowest = slowest_reply(receiver, numbers, 100)
    assert slowest < HELD_UP_SECONDS


def test_what_comes_slowly_is_taken_once_it_is_whole(receiver: Receiver, numbers: Iterator[int]) -> None:
    body, _ = encode(event(next(numbers)), "json")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (body[:700], body[700:]))
    requests = {
        "length": HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body,
        "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n",
    }
    for request in requests.values():
        with connect(receiver) as connection:
            for start in range(0, len(request), 400):
                connection.sendall(request[start : start + 400])
                time.sleep(0.01)  # else they would come in together
            assert status_on(connection) == 200


def test_who_asks_whether_to_go_on_is_told(receiver: Receiver, numbers: Iterator[int]) -> None:
    body, _ = encode(event(next(numbers)), "json")
    with connect(receiver) as connection:
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert status_on(connection) == 200
        connection.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n")
        assert status_on(connection) == 413


def test_a_head_that_never_ends_is_refused(receiver: Receiver) -> None:
    with connect(receiver) as connection:
        connection.sendall(HEAD + b"X-Long: " + b"a" * 66_000)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    assert reply.startswith(b"HTTP/1.1 431 ")
    assert json.loads(reply.partition(b"\r\n\r\n")[2])["type"] == "urn:se3:problem:head-too-large"


def test_of_two_requests_that_are_one_body_only_one_is_read(receiver: Receiver) -> None:
    """What stands behind a body that was refused by its length is not taken for a request."""
    inner = b"GET /healthz HTTP/1.1\r\nHost: it\r\n\r\n"
    with connect(receiver) as connection:
        connection.sendall(HEAD + b"Content-Length: 999999999\r\n\r\n" + inner)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    assert reply.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in reply
    assert reply.count(b"HTTP/1.1 ") == 1


def test_who_opens_all_connections_takes_them_from_itself(receiver: Receiver, numbers: Iterator[int]) -> None:
    connections: list[socket.socket] = []
    try:
        with connect(receiver, "127.0.0.67") as quiet:
            connections.extend(connect(receiver) for _ in range(1200))
            wait_until(lambda: connections[0].recv(1) == b"")  # the one that had waited longest
            assert slowest_reply(receiver, numbers, 30) < HELD_UP_SECONDS
            quiet.sendall(b"GET /healthz HTTP/1.1\r\nHost: it\r\n\r\n")
            assert status_on(quiet) == 200
    finally:
        for connection in connections:
            connection.close()


def test_nor_do_slow_handshakes_and_slow_senders_where_gunicorn_speaks_tls(
    tmp_path: Path, sqlite_url: str, numbers: Iterator[int]
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("receiver", "IP:127.0.0.1")
    receiver = Receiver(tmp_path, sqlite_url, (authority.ca, pair), WEB_CONCURRENCY="1")
    trusting = ssl.create_default_context(cafile=authority.ca)
    try:
        slowest_reply(receiver, numbers, 3)
        with ExitStack() as stack:
            for begun in (b"\x16\x03\x01", b"GET / HTTP/1.1\r\n"):
                for _ in range(20):  # a handshake that has begun, and what is none
                    stack.enter_context(connect(receiver)).send(begun)
            for begun in [HEAD, IN_BODY, IN_CHUNKS] * 7:
                secured = trusting.wrap_socket(connect(receiver), server_hostname="127.0.0.1")
                stack.enter_context(secured).send(begun)
            assert slowest_reply(receiver, numbers, 30) < HELD_UP_SECONDS
    finally:
        receiver.program.stop(timeout=30)

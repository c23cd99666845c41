"""More than can be answered in time: some is turned away at once, and what is late says so."""

import itertools
import json
import os
import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import urllib3

from app.receiver.promptness import PROMPT_SECONDS
from app.receiver.worker.bounded import MOST_WAITING
from app.simulators.encodings import encode
from app.store.database import Database
from app.store.queries import Counts, counts
from tests.support.attackers import Memory
from tests.support.receivers import Receiver, event
from tests.support.waiting import wait_until

MB = 2**20
THREADS = 8
TOO_MANY = 30


@pytest.fixture
def receiver(tmp_path: Path, sqlite_url: str) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path, sqlite_url, WEB_CONCURRENCY="1")
    yield receiver
    receiver.program.stop()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def stored(url: str) -> Counts:
    with closing(Database(url)) as database, database.read() as connection:
        return counts(connection)


def connect(receiver: Receiver) -> socket.socket:
    host, port = receiver.address.split(":")
    connection = socket.create_connection((host, int(port)))
    connection.settimeout(10)
    return connection


def send_event(connection: socket.socket, number: int) -> None:
    body, _ = encode(event(number), "json")
    head = f"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)


def reply_on(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body, up to the end of the connection."""
    head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def test_who_has_a_reply_holds_no_memory(receiver: Receiver) -> None:
    """Connections wait 75 s for a next request; what the last one brought is gone, though it was refused."""
    receiver.await_writer(0)
    memory, rounds = Memory(receiver), 12
    wrong, unreadable = (b'{"note":"%s"}' % (8 * MB * letter) for letter in (b"x", b"\xff"))
    refused = ("/Nowhere", wrong, 404), ("/HistoryEvent", wrong, 422), ("/HistoryEvent", unreadable, 400)
    with ExitStack() as stack:

        def resident() -> int:
            return memory.megabytes("VmRSS")["worker 1"]

        before = resident()
        for path, body, status in refused * rounds:
            connection = stack.enter_context(connect(receiver))
            head = f"POST {path} HTTP/1.1\r\nHost: it\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            assert connection.recv(65536).startswith(f"HTTP/1.1 {status} ".encode())
        few = 6 * 8  # what is in the hands of the last thread may not be gone yet
        wait_until(lambda: resident() < before + few, describe=lambda: f"{before}, then {resident()}")


def test_a_late_reply_says_so_and_is_counted(receiver: Receiver, sqlite_url: str) -> None:
    late: list[urllib3.BaseHTTPResponse] = []
    body, headers = encode(event(1), "json")
    url = f"{receiver.url}/HistoryEvent"
    box = threading.Thread(
        target=lambda: late.append(receiver.http.request("POST", url, body, headers=headers))
    )
    with stopped(receiver.await_writer(0)):
        box.start()
        box.join(PROMPT_SECONDS + 1.5)  # for it to arrive, too
    box.join(10)
    name, duration = late[0].headers["Server-Timing"].split(";dur=")
    assert (late[0].status, name) == (200, "late")
    assert float(duration) > PROMPT_SECONDS * 1000
    assert "reply_late" in receiver.program.output()
    numbers = itertools.count(2)

    def is_prompt() -> bool:
        body, headers = encode(event(next(numbers)), "json")
        return "Server-Timing" not in receiver.http.request("POST", url, body, headers=headers).headers

    wait_until(is_prompt)  # on a busy machine not at once
    found = stored(sqlite_url)
    assert found.events == next(numbers) - 1
    assert 1 <= found.replies_late < found.events


def test_what_would_wait_behind_too_many_is_turned_away_at_once_and_all_others_are_answered(
    receiver: Receiver, sqlite_url: str
) -> None:
    number = THREADS + MOST_WAITING + TOO_MANY
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(receiver)) for _ in range(number)]
        with stopped(receiver.await_writer(0)):
            for at, connection in enumerate(connections):
                send_event(connection, at)
            wait_until(lambda: len(select.select(connections, [], [], 0)[0]) >= TOO_MANY)
            with connect(receiver) as connection:  # who asks for nothing is not turned away
                connection.shutdown(socket.SHUT_WR)
                assert connection.recv(1) == b""
        replies = [reply_on(connection) for connection in connections]
    answered = [status for status, _, _ in replies if status == "HTTP/1.1 200 OK"]
    refusals = [reply for reply in replies if reply[0] == "HTTP/1.1 503 Service Unavailable"]
    assert len(answered) + len(refusals) == number
    assert TOO_MANY <= len(refusals) <= TOO_MANY + THREADS  # threads may not have begun when the last came
    for _, headers, body in refusals:
        assert headers["Retry-After"] == "5"
        assert json.loads(body)["type"] == "urn:se3:problem:busy"
    assert receiver.program.output().count(f"{MOST_WAITING} requests wait") == len(refusals)
    assert receiver.post(-1) == (200, False)
    found = stored(sqlite_url)
    assert (found.events, found.turned_away) == (len(answered) + 1, len(refusals))


def test_of_bodies_that_are_still_on_their_way_the_largest_gives_way_where_too_much_is_held(
    receiver: Receiver,
) -> None:
    head = f"POST /HistoryEvent HTTP/1.1\r\nHost: it\r\nContent-Length: {16 * MB}\r\n\r\n".encode()
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(receiver)) for _ in range(10)]
        for connection, size in zip(connections, [15, *[13] * 9], strict=True):
            connection.sendall(head + bytes(size * MB))
        [turned_away], _, _ = select.select(connections, [], [], 10)
        assert turned_away is connections[0]
        status, _, body = reply_on(turned_away)
        assert status == "HTTP/1.1 503 Service Unavailable"
        assert json.loads(body)["type"] == "urn:se3:problem:busy"
        assert receiver.post(1) == (200, False)
    assert "requests of 128 MB are held" in receiver.program.output()


def test_who_connects_and_sends_nothing_takes_no_thread_from_others(receiver: Receiver) -> None:
    with ExitStack() as stack:
        for _ in range(3 * THREADS):
            stack.enter_context(connect(receiver))
        receiver.http.connection_pool_kw["timeout"] = 4.0  # gunicorn alone would wait 5 s for each
        assert receiver.post(1) == (200, False)
        assert receiver.program.stop(timeout=10) == 0  # its time for replies in flight is 20 s


def test_who_stops_within_a_request_gives_the_threads_back(receiver: Receiver) -> None:
    """As a box that loses its power: to TCP its connection stands."""
    with ExitStack() as stack:
        for number in range(THREADS):
            connection = stack.enter_context(connect(receiver))
            head = "POST /HistoryEvent HTTP/1.1\r\nHost: it\r\nContent-Length: 9999\r\n"
            connection.sendall((head if number % 2 else f"{head}\r\n{{").encode())
        receiver.http.connection_pool_kw["timeout"] = 25.0
        assert receiver.post(1) == (200, False)

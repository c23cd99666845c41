"""Clients that take a large picture slowly get it whole, and hold up no box."""

import base64
import hashlib
import http.client
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.picture_links import PictureLinks
from app.simulators.encodings import encode
from tests.support.attackers import connect
from tests.support.certificates import Authority
from tests.support.receivers import Receiver, event
from tests.support.waiting import wait_until

PICTURE = b"\xff\xd8\xff\xe0" + os.urandom(6 * 2**20)
SECRET = "a secret that is long enough, as it must be"
HELD_UP_SECONDS = 5.0  # and more: a thread would wait 10 s for a client; a busy machine makes less
SLOW_READERS = 12  # more than a process has threads

Connect = Callable[[], socket.socket]


@pytest.fixture(params=["http", "https"])
def receiver(tmp_path: Path, sqlite_url: str, request: pytest.FixtureRequest) -> Iterator[Receiver]:
    """It has stored the picture."""
    authority = Authority(tmp_path)
    tls = (authority.ca, authority.issue("receiver", "IP:127.0.0.1")) if request.param == "https" else None
    links = {"PICTURE_BASE_URL": "https://faces.example", "PICTURE_LINK_SECRET": SECRET}
    receiver = Receiver(tmp_path, sqlite_url, tls, WEB_CONCURRENCY="1", **links)
    try:
        document = event(0) | {"reg_pic": base64.b64encode(PICTURE).decode()}
        body, headers = encode(document, "json")
        assert (
            receiver.http.request("POST", f"{receiver.url}/HistoryEvent", body=body, headers=headers).status
            == 200
        )
        yield receiver
    finally:
        receiver.program.stop(timeout=30)


@pytest.fixture
def connected(receiver: Receiver, tmp_path: Path) -> Connect:
    """Connects somebody who has room for little."""
    if receiver.url.startswith("http:"):
        return lambda: connect(receiver, room=4096)
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    return lambda: context.wrap_socket(connect(receiver, room=4096), server_hostname="127.0.0.1")


def asked() -> bytes:
    links = PictureLinks("https://faces.example", SECRET, timedelta(hours=1))
    url = urlsplit(links.url(hashlib.sha256(PICTURE).digest(), datetime.now(UTC)))
    return f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: it\r\n\r\n".encode()


def begun(connection: socket.socket) -> http.client.HTTPResponse:
    """Ask for the picture, and read the head of the reply: the rest is on its way."""
    connection.sendall(asked())
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    assert reply.status == 200
    return reply


def test_who_takes_a_picture_slowly_holds_up_nobody_and_gets_it_whole(
    receiver: Receiver, connected: Connect
) -> None:
    with ExitStack() as stack:
        connections = [stack.enter_context(connected()) for _ in range(SLOW_READERS)]
        replies = [begun(connection) for connection in connections]
        slowest = 0.0
        for number in range(1, 31):
            began = time.monotonic()
            assert receiver.post(number) == (200, False)
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < HELD_UP_SECONDS
        for connection, reply in zip(connections, replies, strict=True):
            assert reply.read() == PICTURE
            assert begun(connection).status == 200  # and the connection goes on


@pytest.mark.parametrize("receiver", ["http"], indirect=True)
def test_who_takes_nothing_more_is_given_up(receiver: Receiver, connected: Connect) -> None:
    with connected() as connection:
        begun(connection)
        wait_until(lambda: "reply_not_taken" in receiver.program.output(), timeout=20)

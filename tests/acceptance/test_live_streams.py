"""Streams of live events through the console as it is shipped: they are bounded, and hold nothing up."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from app.cli import processes
from app.console.live.streams import MOST_STREAMS
from app.domain.users import Role
from app.store import sessions, users
from app.store.database import Database
from tests.support.ports import free_port
from tests.support.programs import Program, own_program
from tests.support.waiting import wait_until


class Console:
    """The console under gunicorn, and somebody who is logged in."""

    def __init__(self, program: Program, port: int, token: str) -> None:
        self.program = program
        self._port = port
        self._cookie = f"se3_session={token}"

    def status(self, path: str) -> int:
        address = f"http://127.0.0.1:{self._port}{path}"
        with closing(
            urllib3.request(
                "GET", address, headers={"Cookie": self._cookie}, preload_content=False, timeout=10
            )
        ) as reply:
            return reply.status

    def open_stream(self) -> socket.socket:
        """Ask for a stream, and await what it begins with."""
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        request = f"GET /live/stream HTTP/1.1\r\nHost: console\r\nCookie: {self._cookie}\r\n\r\n"
        connection.sendall(request.encode())
        received = b""
        while b"retry: " not in received:
            some = connection.recv(4096)
            assert some, received
            received += some
        return connection


@pytest.fixture
def console(sqlite_url: str, tmp_path: Path) -> Iterator[Console]:
    with closing(Database(sqlite_url)) as database, database.write() as connection:
        users.add(connection, "anna", Role.VIEWER, "")
        user = users.named(connection, "anna")
        assert user
        users.set_password(connection, user, "", is_one_time=False)
        token = sessions.begin(connection, user.id, datetime.now(UTC))
    port = free_port()
    arguments = processes.console(f"127.0.0.1:{port}").arguments
    command: list[str | Path] = [own_program("python"), *arguments]
    with Program(
        command, tmp_path / "log", env={"DATABASE_URL": sqlite_url, "DISK_FLOOR_MB": "0"}
    ) as program:
        program.wait_for_output("Booting worker")
        yield Console(program, port, token)


def test_a_client_that_goes_makes_room_and_full_room_leaves_threads_for_pages(console: Console) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(console.open_stream()) for _ in range(MOST_STREAMS)]
        assert console.status("/live/stream") == 503
        assert console.status("/live/cards") == 200
        assert console.status("/events") == 200
        streams[0].close()
        wait_until(lambda: console.status("/live/stream") == 200)


def test_a_stream_does_not_keep_the_console_from_ending(console: Console) -> None:
    with console.open_stream() as stream:
        console.program.stop(timeout=10)  # gunicorn gives a reply 20 s
        while stream.recv(4096):
            pass

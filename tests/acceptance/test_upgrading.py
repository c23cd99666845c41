"""A restart under load, as an upgrade is one, with the port held open by systemd."""

import itertools
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import urllib3
from sqlalchemy import text

from app.simulators.encodings import encode
from app.store.database import Database
from app.store.queries import counts
from app.store.schema import revisions
from tests.support.programs import own_program
from tests.support.receivers import Receiver, event
from tests.support.settings import child_environment
from tests.support.waiting import wait_until

NEXT_MIGRATION = (  # what one of the next version may do
    "ALTER TABLE events ADD COLUMN later TEXT",
    "ALTER TABLE outbox ADD COLUMN later TEXT DEFAULT 'x' NOT NULL",
    "CREATE INDEX ix_events_later ON events (later)",
    "UPDATE alembic_version SET version_num = '9999'",
)
THIS_VERSION = f"UPDATE alembic_version SET version_num = '{revisions()[-1]}'"
HANDED = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" run 3<&0 </dev/null'


class Service:
    """`se3 run` as systemd runs it with se3.socket; the socket outlives it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self._log = (folder / "se3.log").open("ab")
        self._environment = child_environment({"DATABASE_URL": database_url, "DISK_FLOOR_MB": "0"})
        self.process = self._start()

    def post(self, number: int) -> int:
        """Post an event, by a connection of its own; returns the status."""
        body, headers = encode(event(number), "json")
        with urllib3.PoolManager(retries=False, timeout=60) as http:
            return http.request("POST", f"{self.url}/HistoryEvent", body=body, headers=headers).status

    def _start(self) -> "subprocess.Popen[bytes]":
        command = ["sh", "-c", HANDED, str(own_program("se3"))]
        return subprocess.Popen(
            command, stdin=self.socket.fileno(), stdout=self._log, stderr=self._log, env=self._environment
        )

    def restart(self) -> None:
        self.stop()
        self.process = self._start()

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0

    def close(self) -> None:
        self.stop()
        self.socket.close()
        self._log.close()


@pytest.fixture
def service(tmp_path: Path, sqlite_url: str) -> Iterator[Service]:
    with closing(Service(tmp_path, sqlite_url)) as service:
        yield service


def test_boxes_wait_while_it_restarts_and_none_is_turned_away(service: Service, sqlite_url: str) -> None:
    stop, numbers, statuses = threading.Event(), itertools.count(), Counter[int]()

    def post_on() -> None:
        while not stop.is_set():
            statuses[service.post(next(numbers))] += 1

    def await_some(posting: list[Future[None]]) -> None:
        so_far = statuses.total()
        wait_until(lambda: statuses.total() > so_far + 20 or any(one.done() for one in posting), timeout=60)

    with ThreadPoolExecutor(4) as boxes:
        posting = [boxes.submit(post_on) for _ in range(4)]
        await_some(posting)
        service.restart()
        await_some(posting)
        stop.set()
        for one in posting:
            one.result()
    assert set(statuses) == {200}
    with closing(Database(sqlite_url)) as database, database.read() as connection:
        assert counts(connection).events == statuses.total()


def is_ready(receiver: Receiver) -> bool:
    reply = receiver.http.request("GET", f"{receiver.url}/readyz", headers={"Connection": "close"})
    return bool(reply.status == 200)


def test_a_receiver_that_runs_goes_on_acknowledging_while_a_newer_version_migrates(
    tmp_path: Path, database_url: str
) -> None:
    receiver = Receiver(tmp_path, database_url)
    with receiver.program, closing(Database(database_url)) as database:
        assert all(is_ready(receiver) for _ in range(16))  # each of its processes was asked
        assert receiver.post(1) == (200, False)
        with database.rebuild() as connection:
            for statement in NEXT_MIGRATION:
                connection.execute(text(statement))
        assert [receiver.post(number) for number in range(2, 22)] == [(200, False)] * 20
        wait_until(lambda: receiver.post(1) == (200, True))  # in the spool nobody knows of the first
        assert is_ready(receiver)
        with database.write() as connection:
            connection.execute(text(THIS_VERSION))  # what is in the spool waits for the version that fits
        receiver.await_drained()
        with database.read() as connection:
            assert counts(connection).events == 21

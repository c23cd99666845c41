"""PostgreSQL goes away under load, or is not there at the start: every event is acknowledged and kept."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import urllib3

from app.config import ROOT
from app.receiver.promptness import PROMPT_SECONDS
from app.store.database import Database
from app.store.queries import counts
from tests.support.ports import free_port
from tests.support.postgresql import PostgreSQL
from tests.support.programs import Program
from tests.support.receivers import Receiver
from tests.support.waiting import wait_until

AWAY_SECONDS = float(os.environ.get("POSTGRESQL_AWAY_SECONDS", "3"))
RATE = 100 if "POSTGRESQL_AWAY_SECONDS" in os.environ else 25  # events/s
BACK_SECONDS = 60.0


@pytest.fixture
def receiver(tmp_path: Path, postgresql_url: str) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path, postgresql_url)
    yield receiver
    receiver.program.stop()


def events_in(url: str) -> int:
    with closing(Database(url)) as database, database.read() as connection:
        return counts(connection).events


class Load:
    """Posts events at RATE from four connections; notes when each began, its status, and its seconds."""

    def __init__(self, receiver: Receiver) -> None:
        self.replies: list[tuple[float, int, float]] = []
        self._receiver = receiver
        self._ended = threading.Event()
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(4)]
        for thread in self._threads:
            thread.start()

    def _post(self, number: int) -> None:
        while not self._ended.wait(max(0.0, self._began + number / RATE - time.monotonic())):
            began = time.monotonic()
            status, _ = self._receiver.post(number)
            self.replies.append((began - self._began, status, time.monotonic() - began))
            number += 4

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


def test_what_comes_while_postgresql_is_away_is_acknowledged_in_time_and_stored_once_it_is_back(
    receiver: Receiver, postgresql_server: PostgreSQL, postgresql_url: str
) -> None:
    load = Load(receiver)
    try:
        wait_until(lambda: len(load.replies) > RATE)
        postgresql_server.stop()
        time.sleep(AWAY_SECONDS)  # load goes on meanwhile: this is what is tried
        postgresql_server.start()
        back_at = time.monotonic()
    finally:
        load.end()
    wait_until(lambda: events_in(postgresql_url) == len(load.replies), timeout=BACK_SECONDS)
    taken = sorted(seconds for _, _, seconds in load.replies)
    late = [f"{seconds:.2f} s at {at:.1f} s" for at, _, seconds in load.replies if seconds > PROMPT_SECONDS]
    sys.stdout.write(
        f"\n{len(taken)} events at {RATE}/s, PostgreSQL away for {AWAY_SECONDS:g} s: slowest reply"
        f" {taken[-1] * 1000:.0f} ms, median {taken[len(taken) // 2] * 1000:.0f} ms,"
        f" all stored {time.monotonic() - back_at:.1f} s after it was back; late: {late}\n"
    )
    assert {status for _, status, _ in load.replies} == {200}
    if "POSTGRESQL_AWAY_SECONDS" in os.environ:
        assert not late


def test_a_site_starts_without_postgresql_and_stores_what_came(
    tmp_path: Path, postgresql_server: PostgreSQL
) -> None:
    database = "not_migrated"
    postgresql_server.create_database(database)
    url = postgresql_server.url(database)
    address = f"127.0.0.1:{free_port()}"
    settings = {"DATABASE_URL": url, "RECEIVER_BIND": address, "SPOOL_PATH": str(tmp_path / "spool.db")}
    postgresql_server.stop()
    command = [sys.executable, "-m", "app.cli.main", "run"]
    with Program(command, tmp_path / "run.log", env=settings | {"DISK_FLOOR_MB": "0"}, cwd=ROOT) as program:
        http = urllib3.PoolManager(retries=False)

        def post() -> bool:
            body = (ROOT / "tests/payloads/history-contract.json").read_bytes()
            headers = {"Content-Type": "application/json"}
            try:
                reply = http.request("POST", f"http://{address}/RealTimeEvent", body=body, headers=headers)
            except urllib3.exceptions.HTTPError:
                return False
            return reply.status == 200

        program.wait_until(post)
        postgresql_server.start()
        program.wait_until(lambda: "spool_drained" in program.output(), timeout=30)
        program.wait_until(lambda: "Log in there as admin" in program.output())
    assert events_in(url.replace("postgresql:", "postgresql+psycopg:")) == 1
    postgresql_server.drop_database(database)

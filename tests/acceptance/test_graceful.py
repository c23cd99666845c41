"""Stop and reload in order, under load: no box sees an error, and what was accepted is stored."""

import http.client
import itertools
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.config import ROOT
from app.simulators.encodings import encode
from app.store.database import Database
from app.store.queries import counts
from tests.support.ports import answers, free_port
from tests.support.programs import Program
from tests.support.receivers import Receiver, event
from tests.support.waiting import wait_until

BOXES = 6
SOME = 60  # events
_PAUSE_SECONDS = 0.1


class Boxes:
    """Post all the time; `outcomes` counts what they see.

    Half of them do so without a pause, on a new connection each time. The others keep theirs until they read
    "Connection: close", and pause: a connection that were closed in a pause would be an error.
    """

    def __init__(self, address: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self._address = address
        self._numbers = itertools.count()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(box % 2 == 0,)) for box in range(BOXES)]

    def __enter__(self) -> "Boxes":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def await_more(self, number: int = SOME) -> None:
        """Wait until so many more were accepted."""
        enough = self.outcomes["200"] + number
        wait_until(lambda: self.outcomes["200"] >= enough, 60)

    def _post(self, keeps: bool) -> None:
        with closing(http.client.HTTPConnection(self._address, timeout=20)) as connection:
            while not self._ended.is_set():
                outcome = self._post_one(connection)
                self.outcomes[outcome] += 1
                if outcome == "ConnectionRefusedError":
                    return
                if keeps:
                    self._ended.wait(_PAUSE_SECONDS)
                else:
                    connection.close()

    def _post_one(self, connection: http.client.HTTPConnection) -> str:
        body, headers = encode(event(next(self._numbers)), "json")
        try:
            connection.request("POST", "/HistoryEvent", body=body, headers=headers)
            reply = connection.getresponse()
            reply.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return type(error).__name__
        return str(reply.status)


@pytest.fixture
def receiver(tmp_path: Path, sqlite_url: str) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path, sqlite_url)
    yield receiver
    receiver.program.stop(timeout=30)


def workers(receiver: Receiver) -> set[int]:
    """Those that have booted, ended ones included."""
    found = [line for line in receiver.program.output().splitlines() if "Booting worker with pid" in line]
    return {int(line.rpartition("pid: ")[2].split()[0]) for line in found}


def are_gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def events_in(url: str) -> int:
    with closing(Database(url)) as database, database.read() as connection:
        return counts(connection).events


def reload(receiver: Receiver) -> set[int]:
    before = workers(receiver)
    os.kill(receiver.program.pid, signal.SIGHUP)
    return before


def stop_one_worker(receiver: Receiver) -> set[int]:
    one = max(workers(receiver))
    os.kill(one, signal.SIGTERM)
    return {one}


@pytest.mark.parametrize("end_workers", [reload, stop_one_worker])
def test_no_box_sees_that_workers_end_and_others_begin(
    receiver: Receiver, sqlite_url: str, end_workers: Callable[[Receiver], set[int]]
) -> None:
    with Boxes(receiver.address) as boxes:
        boxes.await_more()
        for _ in range(2):
            ending = end_workers(receiver)
            receiver.program.wait_until(lambda: are_gone(ending), 40)  # noqa: B023 - called at once
            boxes.await_more()
    assert set(boxes.outcomes) == {"200"}
    assert events_in(sqlite_url) == boxes.outcomes["200"]


def test_a_stop_answers_whatever_was_accepted_and_refuses_the_rest(tmp_path: Path, sqlite_url: str) -> None:
    port = free_port()
    settings = {"DATABASE_URL": sqlite_url, "RECEIVER_BIND": f"127.0.0.1:{port}", "DISK_FLOOR_MB": "0"}
    command = [sys.executable, "-m", "app.cli.main", "run"]
    with Program(command, tmp_path / "run.log", env=settings, cwd=ROOT) as program:
        program.wait_until(lambda: answers(port), 40)
        with Boxes(f"127.0.0.1:{port}") as boxes:
            boxes.await_more()
            assert program.stop(timeout=40) == 0
            wait_until(lambda: boxes.outcomes["ConnectionRefusedError"] == BOXES)
    # Whoever connects in the instant in which the port closes may be reset: docs/explanation/reliability.md.
    assert boxes.outcomes.pop("ConnectionResetError", 0) <= 2
    assert set(boxes.outcomes) == {"200", "ConnectionRefusedError"}
    assert events_in(sqlite_url) == boxes.outcomes["200"]

"""One process writes for all of the receiver's; whichever is killed, nothing is lost."""

import os
import signal
import socket
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.store.database import Database
from app.store.queries import counts
from tests.support.payloads import payload
from tests.support.receivers import Receiver
from tests.support.waiting import wait_until


@pytest.fixture
def receiver(tmp_path: Path, database_url: str) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path, database_url)
    yield receiver
    receiver.program.stop()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()


def events_in(url: str) -> int:
    with closing(Database(url)) as database, database.read() as connection:
        return counts(connection).events


def test_whoever_is_killed_what_was_acknowledged_is_there_once(receiver: Receiver, database_url: str) -> None:
    answered: list[tuple[int, bool]] = []
    numbers = iter(range(400))

    def post_all() -> None:
        answered.extend(map(receiver.post, numbers))

    threads = [threading.Thread(target=post_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answered) > 100)
    os.kill(receiver.await_writer(0), signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert [status for status, _ in answered] == [200] * 400
    receiver.await_drained()
    assert events_in(database_url) == 400
    assert sum(duplicate for _, duplicate in answered) <= 4  # of one batch nobody knew that it was stored


def test_it_is_who_writes(receiver: Receiver) -> None:
    answered: list[tuple[int, bool]] = []
    writer = receiver.await_writer(0)
    box = threading.Thread(target=lambda: answered.append(receiver.post(1)))
    os.kill(writer, signal.SIGSTOP)
    try:
        box.start()
        box.join(0.5)
        assert not answered
    finally:
        os.kill(writer, signal.SIGCONT)
    box.join(10)
    assert answered == [(200, False)]


def test_with_the_worker_that_keeps_it_the_writer_process_ends_and_another_begins(receiver: Receiver) -> None:
    writer = receiver.await_writer(0)
    keeper = parent_of(writer)
    assert receiver.post(1) == (200, False)
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: is_gone(writer))
    assert receiver.post(2) == (200, False)
    assert parent_of(receiver.await_writer(1)) != keeper
    assert receiver.post(3) == (200, False)


def test_it_writes_for_this_user_only_and_ends_with_the_receiver(receiver: Receiver) -> None:
    assert stat.S_IMODE(receiver.socket.stat().st_mode) == 0o600
    writer = receiver.await_writer(0)
    receiver.program.stop()
    wait_until(lambda: is_gone(writer))


def test_refusals_and_status_reports_go_by_it_too(receiver: Receiver, database_url: str) -> None:
    url = f"http://{receiver.address}"
    assert "quarantine" in receiver.http.request("POST", f"{url}/HistoryEvent", body=b"{}").json()
    reply = receiver.http.request("POST", f"{url}/DeviceStatus", json=payload("status-v2r4"))
    assert reply.status == 200
    receiver.await_drained()
    with closing(Database(database_url)) as database, database.read() as connection:
        assert counts(connection).quarantine == 1


def test_what_it_cannot_read_ends_that_connection_and_nothing_else(receiver: Receiver) -> None:
    """A receiver of another version sends such things; it then writes for itself."""
    writer = receiver.await_writer(0)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(receiver.socket))
        connection.sendall(struct.pack("!Q", 3) + b"abc")
        assert connection.recv(1) == b""
    assert receiver.post(1) == (200, False)
    assert receiver.writers() == [writer]

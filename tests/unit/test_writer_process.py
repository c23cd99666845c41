"""Whoever brings little waits for one large body at most, not for all that came at once."""

import os
import pickle
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.events import Arrival
from app.domain.refusals import Refusal
from app.store.batches import Batches, Job
from app.store.database import Database
from app.store.frames import Inbox
from app.store.quarantine import Bounds
from app.store.writer_process import WriterProcess

SMALL, LARGE = 1, 5 * 2**20


class Noted(Batches):
    """Notes the sizes of the bodies in each batch. The first waits for `others_came`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, Bounds(2**30, 1000, timedelta(days=1)))
        self.sizes: list[list[int]] = []
        self.begun, self.others_came = threading.Event(), threading.Event()

    def write(self, batch: list[Job], more: Callable[[], list[Job]] = list) -> None:
        self.begun.set()
        assert self.others_came.wait(10)
        batch += more()
        self.sizes.append(
            [len(item.body) for job in batch for item in job.items if isinstance(item, Refusal)]
        )
        for job in batch:
            job.tell([])


def question(size: int) -> bytes:
    refusal = Refusal(Arrival("/x", "", datetime.now(UTC)), "POST", "", 400, "", [], bytes(size))
    content = pickle.dumps([refusal])
    return struct.pack("!Q", len(content)) + content


class Running:
    """A writer process in a thread, and connections to it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack, self._path = stack, f"{folder}/writer.socket"
        self.batches = Noted(stack.enter_context(closing(Database(f"sqlite:///{folder}/se3.db"))))
        stack.callback(self.batches.close)
        process = WriterProcess(self._path, self.batches)
        reading, self._writing = os.pipe()
        parent = stack.enter_context(os.fdopen(reading, "rb"))
        self._serving = threading.Thread(target=process.serve, args=(parent,), daemon=True)
        self._serving.start()

    def connect(self) -> socket.socket:
        connection = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        connection.settimeout(10)
        connection.connect(self._path)
        return connection

    def end(self) -> None:
        os.close(self._writing)
        self._serving.join(10)
        assert not self._serving.is_alive()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with ExitStack() as stack:
        yield Running(tmp_path, stack)


def come_together(running: Running, *sizes: int) -> list[socket.socket]:
    """Bodies of these sizes, which all have come once the first batch goes on; each by a connection."""
    first, *others = connections = [running.connect() for _ in sizes]
    for connection, size in zip(others, sizes[1:], strict=True):
        connection.sendall(question(size)[:-1])
    first.sendall(question(sizes[0]))
    assert running.batches.begun.wait(10)
    for connection in others:
        connection.sendall(b".")  # a pickle's last byte
    return connections


def test_a_large_body_shares_a_transaction_with_nobody(running: Running) -> None:
    connections = come_together(running, SMALL, SMALL, LARGE, SMALL, LARGE, LARGE)
    running.batches.others_came.set()
    assert [Inbox(connection).receive() for connection in connections] == [[]] * 6
    for connection in connections:
        connection.close()
    running.end()
    assert running.batches.sizes == [[SMALL] * 3, [LARGE], [LARGE], [LARGE]]


def test_what_has_come_is_written_though_nobody_waits_for_it_and_others_are_served(running: Running) -> None:
    first, *others = come_together(running, SMALL, LARGE, LARGE, LARGE)
    for connection in others:
        connection.close()
    running.batches.others_came.set()
    assert Inbox(first).receive() == []
    first.close()
    next_one = running.connect()
    next_one.sendall(question(SMALL))
    assert Inbox(next_one).receive() == []
    next_one.close()
    running.end()
    assert sorted(running.batches.sizes) == [[SMALL], [SMALL], [LARGE], [LARGE], [LARGE]]


def test_large_bodies_that_wait_are_written_before_it_ends(running: Running) -> None:
    connections = come_together(running, SMALL, LARGE, LARGE)
    ending = threading.Thread(target=running.end)
    ending.start()
    running.batches.others_came.set()
    assert [Inbox(connection).receive() for connection in connections] == [[]] * 3
    for connection in connections:
        connection.close()
    ending.join()

"""Whoever brings little waits for one large body at most, not for all that came at once."""

import os
import pickle
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


def test_a_large_body_shares_a_transaction_with_nobody(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with ExitStack() as stack:
        batches = Noted(stack.enter_context(closing(Database(f"sqlite:///{tmp_path}/se3.db"))))
        process = WriterProcess(path := f"{tmp_path}/writer.socket", batches)
        parent = stack.enter_context(os.fdopen(reading, "rb"))
        serving = threading.Thread(target=process.serve, args=(parent,))
        serving.start()

        def connect() -> socket.socket:
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.settimeout(10)
            connection.connect(path)
            return connection

        first, *others = connections = [connect() for _ in range(6)]
        questions = [question(size) for size in (SMALL, LARGE, SMALL, LARGE, LARGE)]
        for connection, asked in zip(others, questions, strict=True):
            connection.sendall(asked[:-1])
        first.sendall(question(SMALL))
        assert batches.begun.wait(10)
        for connection, asked in zip(others, questions, strict=True):
            connection.sendall(asked[-1:])
        batches.others_came.set()
        assert [Inbox(connection).receive() for connection in connections] == [[]] * 6
        for connection in connections:
            connection.close()
        os.close(writing)
        serving.join()
    assert batches.sizes == [[SMALL] * 3, [LARGE], [LARGE], [LARGE]]

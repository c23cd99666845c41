"""The process that writes for all receiver processes of a database.

Where each process writes for itself, each commits less at a time, on SQLite they wait for each other, and the
thread that writes has to wait for its process's other threads at every step.
"""

import os
import selectors
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import structlog

from app.domain.refusals import Refusal
from app.errors import StoreUnavailable
from app.store.batches import Batches, Job, Outcome
from app.store.frames import Inbox, limit, require_own_user, send

_BACKLOG = 128  # connects that wait
_LARGE_BYTES = 4 * 2**20  # of a job; one of 35 MB takes a tenth to half a second
_PATIENCE_SECONDS = 1.0  # for a receiver that waits for its reply, and doesn't take it

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Client:
    """A thread of a receiver's process."""

    connection: socket.socket
    inbox: Inbox


class WriterProcess:
    """Writes what comes in while it commits as the next batch."""

    def __init__(self, socket_path: str, batches: Batches) -> None:
        """Listen there, for this user's processes only.

        Raises:
            StoreUnavailable: it can't listen there.
        """
        self._batches = batches
        self._large: deque[Job] = deque()  # large refused bodies: no others wait for them in a transaction
        self._selector = selectors.DefaultSelector()
        self._listener = _listen(socket_path)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def serve(self, parent: IO[bytes]) -> None:
        """Write until `parent`, of which nothing is read, is closed at its other end; then what is there."""
        self._selector.register(parent, selectors.EVENT_READ)
        with self._listener, self._selector:
            ready: Sequence[object] = ()
            while parent not in ready or self._large:
                ready = self._ready(0 if self._large else self._batches.seconds_to_prune)
                self._write(ready)
            for client in [key.data for key in self._selector.get_map().values() if key.data]:
                self._drop(client)

    def _ready(self, timeout: float) -> Sequence[object]:
        return [key.data or key.fileobj for key, _ in self._selector.select(timeout)]

    def _write(self, ready: Sequence[object]) -> None:
        if jobs := self._jobs(ready):
            self._batches.write(jobs, lambda: self._jobs(self._ready(0)))
        if self._large:
            self._batches.write([self._large.popleft()])
        elif not ready:
            self._batches.prune()

    def _jobs(self, ready: Sequence[object]) -> list[Job]:
        """Let in who connects, and take what comes in; returns what has come in whole and is not large."""
        if self._listener in ready:
            self._accept()
        taken = (self._take(client) for client in ready if isinstance(client, _Client))
        return [job for job in taken if job]

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:  # it has gone, or there are too many open files: it writes for itself
            log.warning("receiver_not_let_in", reason=str(error))
            return
        client = _Client(connection, Inbox(connection))
        self._selector.register(connection, selectors.EVENT_READ, client)
        try:
            limit(connection, _PATIENCE_SECONDS)
            require_own_user(connection)
        except OSError as error:
            log.warning("receiver_not_let_in", reason=str(error))
            self._drop(client)

    def _take(self, client: _Client) -> Job | None:
        try:
            if not client.inbox.take_piece():
                return None
            size = client.inbox.size
            job = Job(client.inbox.open(), partial(self._tell, client))
        except Exception as error:  # noqa: BLE001 - of another version, say: it writes for itself then
            if not isinstance(error, OSError):
                log.warning("request_not_read", reason=type(error).__name__)
            self._drop(client)
            return None
        if size > _LARGE_BYTES and any(isinstance(item, Refusal) for item in job.items):
            self._large.append(job)
            return None
        return job

    def _tell(self, client: _Client, outcome: Outcome) -> None:
        try:
            send(client.connection, outcome)
        except OSError:
            self._drop(client)

    def _drop(self, client: _Client) -> None:
        """Its process has ended, or it gave up; it does not learn of its outcome, and nobody else does."""
        with suppress(KeyError, ValueError):  # dropped already
            self._selector.unregister(client.connection)
        client.connection.close()


def _listen(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)  # what comes in is unpickled
    try:
        Path(path).unlink(missing_ok=True)  # of one that has ended
        listener.bind(path)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise StoreUnavailable(f"the writer process can't listen on {path}: {error}") from error
    finally:
        os.umask(mask)
    return listener

"""Group commit: requests that arrive together share one transaction and one wait for the disk."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Connection

from app.domain.device_changes import DeviceChange
from app.domain.devices import StatusReport
from app.domain.events import NewEvent, Recorded
from app.domain.refusals import Refusal
from app.errors import Conflict, NotStored, StoreUnavailable
from app.store import devices, events, quarantine
from app.store.database import Database

_BATCH = 64  # transactions longer than this gain nothing more
_WAITING = 256  # a request behind more than this many would be answered too late anyway
_PATIENCE_SECONDS = 15.0
_CONFLICT_TRIES = 3  # of a transaction that PostgreSQL gives up for another one
_PRUNED_PART = 0.1  # of the quarantine's bounds
_PRUNE_SECONDS = 3600.0

log = structlog.get_logger(__name__)

Item = NewEvent | Refusal | StatusReport


@dataclass(frozen=True, slots=True)
class _Job:
    """What one request wants written, all of it or nothing, and where the outcomes go, one for each item."""

    items: Sequence[Item]
    outcomes: "Future[list[Any]]" = field(default_factory=Future)


class Writer:
    """Records what many threads bring through one, and returns after its COMMIT.

    Its thread is a daemon: what it has not committed nobody has been told of.
    """

    def __init__(self, database: Database, bounds: quarantine.Bounds) -> None:
        """Start the writing thread; it holds the quarantine's `bounds`."""
        self._database = database
        self._bounds = bounds
        self._unpruned_part = 1.0  # of the bounds: what stood there at the start is not known
        self._prune_at = time.monotonic() + _PRUNE_SECONDS
        self._jobs: queue.Queue[_Job] = queue.Queue(maxsize=_WAITING)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._write_until_closed, name="writer", daemon=True)
        self._thread.start()

    def record(self, new_events: Sequence[NewEvent]) -> list[Recorded]:
        """Record the events of one request, all or none; returns their outcomes once they are on disk.

        Raises:
            StoreUnavailable: the database can't be written now, or too many wait already.
            NotStored: the database refuses what the events hold.
        """
        return self._submit(new_events)

    def record_status(self, reports: Sequence[StatusReport]) -> list[list[DeviceChange]]:
        """Record the status reports of one request, all or none; returns what each changed, once on disk.

        Raises:
            StoreUnavailable: as above.
        """
        return self._submit(reports)

    def keep(self, refusal: Refusal) -> UUID:
        """Put a refused body into quarantine; returns its id once it is on disk.

        Raises:
            StoreUnavailable: as above.
        """
        quarantine_id: UUID = self._submit([refusal])[0]
        return quarantine_id

    def _submit(self, items: Sequence[Item]) -> list[Any]:
        job = _Job(items)
        try:
            self._jobs.put_nowait(job)
            return job.outcomes.result(timeout=_PATIENCE_SECONDS)
        except queue.Full:
            raise StoreUnavailable(f"{_WAITING} requests wait for the database already") from None
        except TimeoutError:
            raise StoreUnavailable(f"the database took longer than {_PATIENCE_SECONDS:g} s") from None

    def close(self) -> None:
        """Finish what is being done, and end the thread; nothing may be recorded afterwards."""
        self._closed.set()
        self._jobs.put(_Job([]))  # wakes it
        self._thread.join()

    def _write_until_closed(self) -> None:
        while not self._closed.is_set():
            try:
                first = self._jobs.get(timeout=max(0.0, self._prune_at - time.monotonic()))
            except queue.Empty:
                self._prune()
            else:
                if first.items:
                    self._write([first], self._waiting)

    def _waiting(self) -> list[_Job]:
        """What has come in by now, as far as it fits into the transaction."""
        jobs: list[_Job] = []
        while len(jobs) < _BATCH and not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
        return jobs

    def _write(
        self, batch: list[_Job], more: Callable[[], list[_Job]] = list, tries: int = _CONFLICT_TRIES
    ) -> None:
        """Write a batch, and what has come in while it waited for its turn."""
        try:
            with self._database.write() as connection:
                batch += more()
                outcomes = iter(_store(connection, [item for job in batch for item in job.items]))
        except Exception as error:  # noqa: BLE001 - the waiting requests must hear of it, and the thread lives on
            if isinstance(error, Conflict) and tries > 1:
                self._write(batch, tries=tries - 1)
            else:
                self._write_failed(batch, error)
        else:
            for job in batch:
                job.outcomes.set_result([next(outcomes) for _ in job.items])
            self._count_kept([item for job in batch for item in job.items if isinstance(item, Refusal)])

    def _write_failed(self, batch: list[_Job], error: Exception) -> None:
        """One job that the database refuses must not take down those it shared a transaction with."""
        if len(batch) > 1 and not isinstance(error, StoreUnavailable):
            for job in batch:
                self._write([job])
            return
        log.error("write_failed", error=type(error).__name__, reason=str(error).partition("\n")[0])
        failure = NotStored(f"the database refuses it: {type(error).__name__}")
        for job in batch:
            job.outcomes.set_exception(error if isinstance(error, StoreUnavailable) else failure)

    def _count_kept(self, refusals: list[Refusal]) -> None:
        """Hold the bounds once a good part of them has been added: looking costs more than adding."""
        added_bytes = sum(quarantine.kept_bytes(refusal) for refusal in refusals)
        self._unpruned_part += added_bytes / self._bounds.bytes + len(refusals) / self._bounds.bodies
        if refusals and self._unpruned_part >= _PRUNED_PART:
            self._prune()

    def _prune(self) -> None:
        """Hold the bounds, in a transaction of its own: what is committed stays acknowledged if it fails."""
        self._prune_at = time.monotonic() + _PRUNE_SECONDS
        try:
            with self._database.write() as connection:
                quarantine.prune(connection, self._bounds, datetime.now(UTC))
            self._unpruned_part = 0.0
        except Exception as error:  # noqa: BLE001 - the thread lives on
            log.warning("quarantine_not_pruned", reason=str(error).partition("\n")[0])


def _store(connection: Connection, items: list[Item]) -> list[Any]:
    """Write items of all kinds; returns an outcome for each, in their order."""
    outcomes: dict[type[Item], Iterator[Any]] = {
        NewEvent: iter(events.record(connection, [item for item in items if isinstance(item, NewEvent)])),
        Refusal: iter(quarantine.keep(connection, [item for item in items if isinstance(item, Refusal)])),
        StatusReport: iter(devices.record(connection, [i for i in items if isinstance(i, StatusReport)])),
    }
    return [next(outcomes[type(item)]) for item in items]

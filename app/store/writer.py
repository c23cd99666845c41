"""Group commit: requests that arrive together share one transaction and one wait for the disk."""

import queue
import threading
from concurrent.futures import Future
from uuid import UUID

import structlog
from sqlalchemy import Connection

from app.domain.events import Recorded, Sighting
from app.domain.refusals import Refusal
from app.errors import StoreUnavailable
from app.store import events, quarantine
from app.store.database import Database

_BATCH = 64  # transactions longer than this gain nothing more
_WAITING = 256  # a request behind more than this many would be answered too late anyway
_PATIENCE_SECONDS = 15.0

log = structlog.get_logger(__name__)

Job = tuple[Sighting | Refusal, "Future[Recorded | UUID]"]


class Writer:
    """Records events and refusals from many threads through one, and returns after their COMMIT.

    Its thread is a daemon: what it has not committed nobody has been told of.
    """

    def __init__(self, database: Database, quarantine_max_bytes: int) -> None:
        """Start the writing thread."""
        self._database = database
        self._quarantine_max_bytes = quarantine_max_bytes
        self._jobs: queue.Queue[Job] = queue.Queue(maxsize=_WAITING)
        threading.Thread(target=self._write_for_ever, name="writer", daemon=True).start()

    def record(self, sighting: Sighting) -> Recorded:
        """Record an event; returns once it is on disk.

        Raises:
            StoreUnavailable: the database can't be written now, or too many wait already.
        """
        recorded = self._submit(sighting)
        assert isinstance(recorded, Recorded)  # noqa: S101 - narrows a type for mypy
        return recorded

    def keep(self, refusal: Refusal) -> UUID:
        """Put a refused body into quarantine; returns its id once it is on disk.

        Raises:
            StoreUnavailable: as above.
        """
        quarantine_id = self._submit(refusal)
        assert isinstance(quarantine_id, UUID)  # noqa: S101 - narrows a type for mypy
        return quarantine_id

    def _submit(self, item: Sighting | Refusal) -> Recorded | UUID:
        future: Future[Recorded | UUID] = Future()
        try:
            self._jobs.put_nowait((item, future))
            return future.result(timeout=_PATIENCE_SECONDS)
        except queue.Full:
            raise StoreUnavailable(f"{_WAITING} requests wait for the database already") from None
        except TimeoutError:
            raise StoreUnavailable(f"the database took longer than {_PATIENCE_SECONDS:g} s") from None

    def _write_for_ever(self) -> None:
        while True:
            self._write(self._next_batch())

    def _next_batch(self) -> list[Job]:
        batch = [self._jobs.get()]
        while len(batch) < _BATCH:
            try:
                batch.append(self._jobs.get_nowait())
            except queue.Empty:
                break
        return batch

    def _write(self, batch: list[Job]) -> None:
        try:
            outcomes = self._commit([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - the waiting requests must hear of it, and the thread lives on
            self._write_failed(batch, error)
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                future.set_result(outcome)

    def _write_failed(self, batch: list[Job], error: Exception) -> None:
        """One item that the database refuses must not take down those it shared a transaction with."""
        if len(batch) > 1 and not isinstance(error, StoreUnavailable):
            for job in batch:
                self._write([job])
            return
        log.error("write_failed", error=type(error).__name__, reason=str(getattr(error, "orig", error)))
        failure = StoreUnavailable(f"not stored: {type(error).__name__}")
        for _, future in batch:
            future.set_exception(error if isinstance(error, StoreUnavailable) else failure)

    def _commit(self, items: list[Sighting | Refusal]) -> list[Recorded | UUID]:
        with self._database.write() as connection:
            return self._store(connection, items)

    def _store(self, connection: Connection, items: list[Sighting | Refusal]) -> list[Recorded | UUID]:
        sightings = [item for item in items if isinstance(item, Sighting)]
        recorded = iter(events.record(connection, sightings) if sightings else ())
        outcomes = [self._keep(connection, i) if isinstance(i, Refusal) else next(recorded) for i in items]
        if len(sightings) < len(items):
            quarantine.prune(connection, self._quarantine_max_bytes)
        return outcomes

    def _keep(self, connection: Connection, refusal: Refusal) -> UUID:
        return quarantine.keep(connection, refusal)

"""Group commit: what comes in together shares one transaction and one wait for the disk."""

import copy
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from app.domain.devices import StatusReport
from app.domain.events import NewEvent
from app.domain.refusals import Refusal
from app.errors import Conflict, NotStored, StoreUnavailable
from app.harmless import harmless
from app.store import box_hours, counters, devices, events, quarantine
from app.store.counters import Tally
from app.store.database import Database
from app.store.pruning import prune

MOST_JOBS = 64  # of a batch: transactions longer than this gain nothing more
PRUNE_SECONDS = 3600.0
STOP_SECONDS = 2.0  # that a process which ends waits for what it has begun
_CONFLICT_TRIES = 3  # of a transaction that PostgreSQL gives up for another one
_PRUNED_PART = 0.1  # of the quarantine's bounds

log = structlog.get_logger(__name__)

Item = NewEvent | Refusal | StatusReport | Tally
Outcome = list[Any] | StoreUnavailable | NotStored
"""An outcome for each item of a job, in their order; or why none of them was stored."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one request wants written, all of it or nothing. `tell` gets the outcome, once it is on disk."""

    items: Sequence[Item]
    tell: Callable[[Outcome], object]


class Batches:
    """Writes batches of jobs, one at a time, and holds the quarantine's bounds."""

    def __init__(
        self,
        database: Database,
        bounds: quarantine.Bounds,
        committed: Callable[[float], object] = lambda _seconds: None,
    ) -> None:
        """`bounds`: the quarantine's; `committed` is told how long each batch took, the COMMIT included."""
        self._database = database
        self._committed = committed
        self._bounds = bounds
        self._unpruned_part = 1.0  # of the bounds: what stood there at the start is not known
        self._prune_failed = False
        self._to_prune, self._closed = threading.Event(), threading.Event()
        self._pruning = threading.Thread(target=self._prune_until_closed, name="pruning", daemon=True)
        self._pruning.start()
        self._prune_later()

    @property
    def seconds_to_prune(self) -> float:
        """How long `prune` may wait if nothing is written meanwhile; 0 if it is time."""
        return max(0.0, self._prune_at - time.monotonic())

    def write(self, batch: list[Job], more: Callable[[], list[Job]] = list) -> None:
        """Write a batch, and what has come in (`more`) while it waited for its turn; tell each job."""
        self._write(batch, more, _CONFLICT_TRIES)

    def close(self) -> None:
        """Nothing is written afterwards."""
        self._closed.set()
        self._to_prune.set()
        self._pruning.join(STOP_SECONDS)

    def prune(self) -> None:
        """Hold the bounds, in a thread of its own: nobody waits for it.

        The bounds are the quarantine's, and the age of what is counted for each hour.
        """
        self._prune_later()
        self._unpruned_part = 0.0
        self._to_prune.set()

    def _prune_until_closed(self) -> None:
        while self._to_prune.wait() and not self._closed.is_set():
            self._to_prune.clear()
            try:
                prune(self._database, self._bounds, datetime.now(UTC), self._closed)
                with self._database.write() as connection:
                    box_hours.prune(connection, datetime.now(UTC))
                self._prune_failed = False
            except Exception as error:  # noqa: BLE001 - the thread lives on, and the next refusal tries again
                self._prune_failed = True
                log.warning("quarantine_not_pruned", reason=str(error).partition("\n")[0])

    def _prune_later(self) -> None:
        self._prune_at = time.monotonic() + PRUNE_SECONDS

    def _write(self, batch: list[Job], more: Callable[[], list[Job]], tries: int) -> None:
        began = time.monotonic()
        try:
            with self._database.write() as connection:
                batch += more()
                outcomes = iter(_store(connection, [item for job in batch for item in job.items]))
        except Exception as error:  # noqa: BLE001 - the waiting requests must hear of it, and whoever writes lives on
            if isinstance(error, Conflict) and tries > 1:
                self._write(batch, list, tries - 1)
            else:
                self._write_failed(batch, error)
        else:
            seconds = time.monotonic() - began
            for job in batch:
                job.tell([next(outcomes) for _ in job.items])
            with harmless("commits"):
                self._committed(seconds)
            self._count_kept([item for job in batch for item in job.items if isinstance(item, Refusal)])

    def _write_failed(self, batch: list[Job], error: Exception) -> None:
        """One job that the database refuses must not take down those it shared a transaction with."""
        if len(batch) > 1 and not isinstance(error, StoreUnavailable):
            for job in batch:
                self._write([job], list, _CONFLICT_TRIES)
            return
        failure = error if isinstance(error, StoreUnavailable) else _not_stored(error)
        tell_all(batch, failure)

    def _count_kept(self, refusals: list[Refusal]) -> None:
        """Hold the bounds once a good part of them has been added: looking costs more than adding."""
        added_bytes = sum(quarantine.kept_bytes(refusal) for refusal in refusals)
        self._unpruned_part += added_bytes / self._bounds.bytes + len(refusals) / self._bounds.bodies
        if refusals and (self._prune_failed or self._unpruned_part >= _PRUNED_PART):
            self.prune()


def tell_all(jobs: Sequence[Job], failure: StoreUnavailable | NotStored) -> None:
    """Tell each why nothing of it was stored."""
    for job in jobs:
        job.tell(copy.copy(failure))  # raised in several threads, one would keep what all of them brought


def _not_stored(error: Exception) -> NotStored:
    log.error("write_failed", error=type(error).__name__, reason=str(error).partition("\n")[0])
    return NotStored(f"the database refuses it: {type(error).__name__}")


def _store(connection: Connection, items: list[Item]) -> list[Any]:
    """Write items of all kinds, tallies last; returns an outcome for each, in their order."""
    outcomes: dict[type[Item], Iterator[Any]] = {
        NewEvent: iter(events.record(connection, [item for item in items if isinstance(item, NewEvent)])),
        Refusal: iter(quarantine.keep(connection, [item for item in items if isinstance(item, Refusal)])),
        StatusReport: iter(devices.record(connection, [i for i in items if isinstance(i, StatusReport)])),
        Tally: iter(counters.tally(connection, [item for item in items if isinstance(item, Tally)])),
    }
    return [next(outcomes[type(item)]) for item in items]

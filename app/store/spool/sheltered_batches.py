"""Batches that the spool takes where the database does not: it is away, or it hangs."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from app.domain.device_changes import DeviceChange
from app.domain.devices import StatusReport
from app.domain.events import NewEvent, Recorded
from app.domain.refusals import Refusal
from app.errors import StoreUnavailable
from app.store import quarantine
from app.store.batches import Batches, Item, Job, Outcome
from app.store.database import Database
from app.store.spool.drain import Drain
from app.store.spool.spool import Spool

PROMPT_SECONDS = 0.2  # for the database: a box waits 0.5 s, and may have waited for the batch before its own
RETRY_SECONDS = 1.0
_STOP_SECONDS = 2.0
_HANGS = StoreUnavailable(f"the database took longer than {PROMPT_SECONDS:g} s")

log = structlog.get_logger(__name__)


class ShelteredBatches(Batches):
    """Tells each job an outcome soon, whatever the database does: once it is there, or in the spool.

    What the database commits too late for that is in both; it counts as a duplicate when it is drained.
    """

    def __init__(
        self,
        database: Database,
        bounds: quarantine.Bounds,
        spool: Spool,
        committed: Callable[[float], object] = lambda _seconds: None,
    ) -> None:
        """As Batches; `spool` is drained from now on, by whichever process gets to it first."""
        super().__init__(database, bounds, committed)
        self._spool = spool
        self._attempt = threading.Thread()
        self._pruning = threading.Thread()
        self._away = False
        self._try_at = 0.0
        try:
            spool.prepare()
        except StoreUnavailable as error:
            self._note_failed(error)
        self._drain = Drain(spool, Batches(database, bounds))
        self._drain.start()

    def write(self, batch: list[Job], more: Callable[[], list[Job]] = list) -> None:
        """Write a batch, and what has come in (`more`) by now; tell each job."""
        batch += more()
        left = self._tried(batch) if self._is_worth_trying() else batch
        if left:
            self._put(left)

    def close(self) -> None:
        """Nothing is written afterwards, and the spool is left as it is."""
        self._drain.stop()
        for thread in (self._attempt, self._pruning):
            if thread.is_alive():
                thread.join(_STOP_SECONDS)
        self._spool.close()

    def prune(self) -> None:
        """Hold the bounds; where that takes long nobody waits for it."""
        self._prune_later()
        if not self._pruning.is_alive():
            self._pruning = threading.Thread(target=super().prune, daemon=True)
            self._pruning.start()
            self._pruning.join(PROMPT_SECONDS)

    def _is_worth_trying(self) -> bool:
        return time.monotonic() >= self._try_at and not self._attempt.is_alive()

    def _tried(self, batch: list[Job]) -> list[Job]:
        """Have the database write a batch; returns the jobs of which it can't be told in time that it has."""
        outcomes = self._outcomes_in_time(batch)
        left: list[Job] = []
        for number, job in enumerate(batch):
            outcome = outcomes.get(number, _HANGS)
            if isinstance(outcome, StoreUnavailable):
                left.append(job)
                self._note_away(outcome)
            else:
                job.tell(outcome)
        if not left:
            self._note_back()
        return left

    def _outcomes_in_time(self, batch: list[Job]) -> dict[int, Outcome]:
        """What the database tells, by the jobs' places; where it hangs, its thread is left to itself."""
        outcomes: dict[int, Outcome] = {}
        jobs = [Job(job.items, partial(outcomes.__setitem__, number)) for number, job in enumerate(batch)]
        self._attempt = threading.Thread(target=super().write, args=(jobs,), daemon=True)
        self._attempt.start()
        self._attempt.join(PROMPT_SECONDS)
        return dict(outcomes)

    def _note_away(self, reason: StoreUnavailable) -> None:
        if not self._away:
            log.error("database_away", spool=str(self._spool.file), reason=str(reason))
        self._away = True
        self._try_at = time.monotonic() + RETRY_SECONDS

    def _note_back(self) -> None:
        if self._away:
            log.info("database_back")
        self._away = False

    def _note_failed(self, error: StoreUnavailable) -> None:
        log.error("spool_failed", file=str(self._spool.file), reason=str(error))

    def _put(self, jobs: list[Job]) -> None:
        try:
            self._spool.put([job.items for job in jobs])
        except StoreUnavailable as error:
            self._note_failed(error)
            for job in jobs:
                job.tell(error)
        else:
            for job in jobs:
                job.tell([_outcome(item) for item in job.items])


def batches_of(
    database: Database,
    bounds: quarantine.Bounds,
    spool: Spool | None,
    committed: Callable[[float], object] = lambda _seconds: None,
) -> Batches:
    """Batches, sheltered where there is a spool; arguments as those of the classes."""
    if spool is None:
        return Batches(database, bounds, committed)
    return ShelteredBatches(database, bounds, spool, committed)


def _outcome(item: Item) -> Any:
    """What is told of an item in the spool: whether it is a duplicate, or changes a box, nobody knows yet."""
    match item:
        case NewEvent():
            return Recorded(item.event.id, duplicate=False)
        case Refusal():
            return item.id
        case StatusReport():
            return list[DeviceChange]()
        case _:
            return None

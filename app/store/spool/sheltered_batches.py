"""Batches that the spool takes where the database does not: it is away, or it hangs."""

import time
from collections.abc import Callable
from typing import Any

import structlog

from app.domain.device_changes import DeviceChange
from app.domain.devices import StatusReport
from app.domain.events import NewEvent, Recorded
from app.domain.refusals import Refusal
from app.errors import NotStored, StoreUnavailable
from app.store import quarantine
from app.store.batches import STOP_SECONDS, Batches, Item, Job, tell_all
from app.store.database import Database
from app.store.spool.attempt import Attempt
from app.store.spool.spool import Spool

PROMPT_SECONDS = 0.15  # for the database: a box waits 0.5 s, and may have waited for the batch before its own
RETRY_SECONDS = 1.0
_ABANDON_SECONDS = 30.0  # one that hangs; another may get through

log = structlog.get_logger(__name__)


class ShelteredBatches(Batches):
    """Tells each job an outcome soon, whatever the database does: once it is there, or in the spool.

    What the database commits too late for that is in both; an event then counts as a duplicate once it is
    drained.
    """

    def __init__(
        self,
        database: Database,
        bounds: quarantine.Bounds,
        spool: Spool,
        committed: Callable[[float], object] = lambda _seconds: None,
    ) -> None:
        """As Batches. Who drains the `spool` is another: see `app.store.spool.drain`."""
        super().__init__(database, bounds, committed)
        self._spool = spool
        self._attempt: Attempt | None = None
        self._away = False
        self._try_at = 0.0
        try:
            spool.prepare()
        except StoreUnavailable as error:
            self._note_failed(error)

    def write(self, batch: list[Job], more: Callable[[], list[Job]] = list) -> None:
        """Write a batch, and what has come in (`more`) by now; tell each job."""
        batch += more()
        left = self._tried(batch) if self._is_worth_trying() else batch
        if left:
            self._put(left)

    def close(self) -> None:
        """Nothing is written afterwards, and the spool is left as it is."""
        if self._attempt:
            self._attempt.wait(STOP_SECONDS)
        super().close()
        self._spool.close()

    def _is_worth_trying(self) -> bool:
        is_going_on = self._attempt is not None and self._attempt.is_going_on(_ABANDON_SECONDS)
        return time.monotonic() >= self._try_at and not is_going_on

    def _tried(self, batch: list[Job]) -> list[Job]:
        """Have the database write a batch; returns the jobs of which it can't be told in time that it has."""
        try:
            self._attempt = Attempt(super().write, [job.items for job in batch])
        except RuntimeError as error:  # too many threads
            self._note_away(StoreUnavailable(str(error)))
            return batch
        left: list[Job] = []
        for job, outcome in zip(batch, self._attempt.outcomes_within(PROMPT_SECONDS), strict=True):
            if isinstance(outcome, StoreUnavailable):
                left.append(job)
                self._note_away(outcome)
            else:
                job.tell(outcome)
        if not left:
            self._note_back()
        return left

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
            tell_all(jobs, error)
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._put([job])
                return
            log.exception("write_failed", error=type(error).__name__)
            tell_all(jobs, NotStored(f"the spool refuses it: {type(error).__name__}"))
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

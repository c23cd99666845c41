"""Does what the retention says: now, or by itself every few minutes; in slices, with rests between them."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

import structlog

from app.errors import StoreUnavailable
from app.store import clock, counters
from app.store.database import Database
from app.store.people import FIRST_ID
from app.store.removal import runs, space
from app.store.removal.retention import OF_ALL, Retention, Rule, look, may_go
from app.store.removal.slices import SLICE, Removed, remove
from app.store.removal.turns import take_turn

_LOOK_SECONDS = 30.0  # whether it is time
_REST_SECONDS = 0.05
_RESTS = 3  # for each second of work: the way of new events comes first
_MOST_TRIES = 20  # to remove, at the end of a run, pictures that others held
_PROGRESS_SECONDS = 30.0

log = structlog.get_logger(__name__)


def keep_retention(database: Database, retention: Retention, stop: threading.Event) -> None:
    """Begin a run whenever it is time, until `stop` is set."""
    while not stop.wait(_LOOK_SECONDS):
        try:
            run(database, retention, stop)
        except StoreUnavailable as error:
            log.error("store_unavailable", reason=str(error))


def run(
    database: Database,
    retention: Retention,
    stop: threading.Event,
    *,
    is_due: bool = True,
    told: Callable[[Removed], object] = lambda _: None,
) -> Removed | None:
    """Remove what is to go, and give the room back; returns what was removed, None if there was no run.

    `told` is told of each slice. `is_due`: see `runs.begin`.

    Raises:
        StoreUnavailable: the database can't be used. What was removed stays so.
    """
    with database.write() as connection:
        run_id = runs.begin(connection, is_due=is_due)
    return None if run_id is None else _Run(database, retention, stop, run_id, told).whole()


class _Run:
    """One run."""

    def __init__(
        self,
        database: Database,
        retention: Retention,
        stop: threading.Event,
        run_id: int,
        told: Callable[[Removed], object],
    ) -> None:
        self._database = database
        self._retention = retention
        self._stop = stop
        self._id = run_id
        self._told = told
        self._sum = Removed()
        self._log_at = time.monotonic() + _PROGRESS_SECONDS

    def whole(self) -> Removed:
        with self._database.read() as connection:
            rules = self._retention.rules(clock.now(connection))
        for rule in rules:
            self._remove(rule, None)
        with self._database.read() as connection:
            excess = self._retention.excess(self._database, connection)
        if excess:
            self._remove(OF_ALL, self._sum.size + excess)
        for _ in range(_MOST_TRIES):
            if not self._sum.left:
                break
            self._slice([])
        space.give_back(self._database)  # also what people left who were forgotten meanwhile
        if self._sum.events:
            self._log("retention_ended")
        with self._database.write() as connection:
            runs.end(connection, self._id)
        return self._sum

    def _remove(self, rule: Rule, until_bytes: int | None) -> None:
        """Remove what a rule names, the oldest first; or as much of it as makes the sum so many bytes."""
        after: UUID | None = FIRST_ID
        while after is not None:
            with self._database.read() as connection:
                ids, after = look(connection, rule, self._retention.states, after)
            for start in range(0, len(ids), SLICE):
                if self._stop.is_set() or (until_bytes is not None and self._sum.size >= until_bytes):
                    return
                self._slice(ids[start : start + SLICE])

    def _slice(self, ids: list[UUID]) -> None:
        began = time.monotonic()
        states = self._retention.states
        with self._database.write() as connection:
            take_turn(connection)
            free = may_go(connection, ids, states)
            removed = remove(connection, free, counters.EXPIRED, states=states, left=self._sum.left)
            runs.add(connection, self._id, removed)
        self._sum = self._sum + removed
        self._told(removed)
        if time.monotonic() > self._log_at:
            self._log("retention_goes_on")
        self._stop.wait(max(_REST_SECONDS, _RESTS * (time.monotonic() - began)))

    def _log(self, what: str) -> None:
        self._log_at = time.monotonic() + _PROGRESS_SECONDS
        done = self._sum
        log.info(what, known=done.known, strangers=done.strangers, pictures=done.pictures, bytes=done.size)

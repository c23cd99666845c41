"""Moves what waits in the spool into the database, in its order, once the database takes it."""

import fcntl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import structlog

from app import jsontext
from app.domain import pointers
from app.domain.devices import StatusReport
from app.domain.events import Arrival, NewEvent
from app.domain.refusals import Refusal
from app.errors import NotDecrypted, NotStored, OwnFault, StoreUnavailable
from app.store import quarantine
from app.store.batches import Batches, Item, Outcome
from app.store.database import Database
from app.store.keyring import Kept
from app.store.pictures import text_as_sent
from app.store.schema import require_current
from app.store.spool.attempt import Attempt
from app.store.spool.spool import Spool

_LOOK_SECONDS = 1.0
_STOP_SECONDS = 2.0
_PATIENCE_SECONDS = 30.0  # with the database, for one batch
_MOST_AT_ONCE = 16

log = structlog.get_logger(__name__)


@contextmanager
def draining(database: Database, bounds: quarantine.Bounds, spool: Spool | None) -> Iterator[None]:
    """While this lasts, what waits in the spool is moved; nothing where there is no spool."""
    if spool is None:
        yield
        return
    drain = Drain(database, bounds, spool)
    drain.start()
    try:
        yield
    finally:
        drain.stop()


class Drain(threading.Thread):
    """Runs in the process that writes; of several on this machine one moves at a time."""

    def __init__(self, database: Database, bounds: quarantine.Bounds, spool: Spool) -> None:
        """`bounds`: the quarantine's, where goes what the database refuses."""
        super().__init__(name="spool-drain", daemon=True)
        self._database = database
        self._spool = spool
        self._batches = Batches(database, bounds)
        self._at_once = _MOST_AT_ONCE
        self._moved: set[int] = set()  # ids of what the database has, and that could not be taken out yet
        self._left: set[int] = set()  # ids of what can't be moved, as it was told
        self._stopped = threading.Event()

    def run(self) -> None:
        """Move, until told to stop."""
        said = ""
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                self.move()
                said = ""
            except Exception as error:  # noqa: BLE001 - whatever it was, what waits must be moved some time
                reason = str(error).partition("\n")[0]
                if reason != said:
                    log.error("spool_not_drained", file=str(self._spool.file), reason=reason)
                said = reason

    def stop(self) -> None:
        """Move no more; wait for what is being moved, unless the database hangs."""
        self._stopped.set()
        self.join(_STOP_SECONDS)
        self._batches.close()

    def move(self) -> None:
        """Move all that waits and that the database takes, unless another process does.

        Raises:
            StoreUnavailable: the spool can't be read or written, or the database is away or not migrated.
        """
        if not self._spool.waiting().requests:
            return
        require_current(self._database)
        with self._spool.open_move_lock() as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._move_all()
            if not self._spool.waiting().requests:
                self._spool.give_back()

    def _move_all(self) -> None:
        after, failure = 0, None
        while not self._stopped.is_set() and (found := self._spool.oldest(after, self._at_once)):
            is_taken = self._moved_into_database(found)
            failure = self._taken_out()
            if is_taken:
                after, self._at_once = max(found), min(2 * self._at_once, _MOST_AT_ONCE)
            elif self._at_once > 1:  # one of them may be what the database can't bear
                self._at_once = 1
            else:
                require_current(self._database)  # raises where it is not this one's fault
                after = max(found)
        if failure:
            raise failure

    def _moved_into_database(self, found: dict[int, Kept]) -> bool:
        """Write these; tells whether the database was there for all of them."""
        new = [row_id for row_id in found if row_id not in self._moved]
        requests = {row_id: items for row_id in new if (items := self._read(row_id, found[row_id]))}
        outcomes = self._written(list(requests.values()))
        for (row_id, items), outcome in zip(requests.items(), outcomes, strict=True):
            if isinstance(outcome, NotStored):
                is_kept = self._kept(row_id, items, outcome)
            else:
                is_kept = isinstance(outcome, list)
            if is_kept:
                self._moved.add(row_id)
        return not any(isinstance(outcome, StoreUnavailable) for outcome in outcomes)

    def _written(self, requests: Sequence[Sequence[Item]]) -> list[Outcome]:
        return Attempt(self._batches.write, requests).outcomes_within(_PATIENCE_SECONDS) if requests else []

    def _taken_out(self) -> StoreUnavailable | None:
        """Take out of the spool what was moved; on a full disk that may fail, and is tried again."""
        try:
            if self._moved:
                self._spool.remove(self._moved)
                log.info("spool_drained", requests=len(self._moved), waiting=self._spool.waiting().requests)
                self._moved.clear()
        except StoreUnavailable as error:
            return error
        return None

    def _read(self, row_id: int, content: Kept) -> list[Item]:
        """The items of a request; none where they can't be read: it stays, and is counted."""
        try:
            return self._spool.items_in(content)
        except Exception as error:  # noqa: BLE001 - cattrs raises many
            unknown = f"another version wrote it, or the file is damaged: {type(error).__name__}"
            self._leave(row_id, str(error) if isinstance(error, NotDecrypted) else unknown)
            return []

    def _kept(self, row_id: int, items: Sequence[Item], failure: NotStored) -> bool:
        """Keep in quarantine what the database refuses for what is in it; tells whether it did."""
        try:
            refusals = [found for item in items if (found := _refusal(item, str(failure)))]
            outcome = self._written([refusals])[0] if refusals else failure
        except Exception as error:  # noqa: BLE001 - the requests behind it must be moved
            outcome = NotStored(f"{type(error).__name__}: {error}")
        if isinstance(outcome, NotStored):
            self._leave(row_id, str(outcome))
        elif isinstance(outcome, list):
            log.error("spool_row_refused", reason=str(failure), quarantine=[str(kept) for kept in outcome])
        return isinstance(outcome, list)

    def _leave(self, row_id: int, reason: str) -> None:
        if row_id not in self._left:
            log.error("spool_row_left", file=str(self._spool.file), id=row_id, reason=reason)
        self._left.add(row_id)


def _refusal(item: Item, reason: str) -> Refusal | None:
    """What goes to quarantine of an event or report that the database refuses: what the box had sent."""
    match item:
        case NewEvent():
            event, document = item.event, item.event.document
            for use in item.pictures:
                if use.prefix is not None:
                    pointers.put(document, use.pointer, text_as_sent(use.prefix, use.picture.content))
            arrival = Arrival(event.route, event.source_address, event.received_at)
        case StatusReport():
            document, arrival = item.document, item.arrival
        case _:
            return None
    body = jsontext.dump(document).encode()
    problems = [{"pointer": "", "detail": reason}]
    return Refusal(arrival, "POST", "application/json", OwnFault.status, OwnFault.code, problems, body)

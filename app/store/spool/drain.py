"""Moves what waits in the spool into the database, in its order, once the database takes it."""

import fcntl
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog

from app import jsontext
from app.domain import pointers
from app.domain.devices import StatusReport
from app.domain.events import Arrival, NewEvent
from app.domain.refusals import Refusal
from app.errors import NotStored, OwnFault, StoreUnavailable
from app.store.batches import Batches, Item, Job, Outcome
from app.store.pictures import text_as_sent
from app.store.spool.items import loaded
from app.store.spool.spool import Spool

_LOOK_SECONDS = 1.0
_STOP_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Drain(threading.Thread):
    """Runs in every process that writes; one of all on this machine moves at a time."""

    def __init__(self, spool: Spool, batches: Batches) -> None:
        """`batches` write into the database."""
        super().__init__(name="spool-drain", daemon=True)
        self._spool = spool
        self._batches = batches
        self._left: set[int] = set()  # ids of what can't be moved; another version may do it
        self._stopped = threading.Event()

    def run(self) -> None:
        """Move, until told to stop."""
        said = ""
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                self._move_all()
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

    def _move_all(self) -> None:
        """Move what is there, unless another process does."""
        if not self._spool.waiting().requests:
            return
        with self._spool.move_lock.open("a") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            while not self._stopped.is_set() and self.move():
                pass

    def move(self) -> int:
        """Move those that have waited longest, as far as the database takes them; returns how many.

        Raises:
            StoreUnavailable: the spool can't be read or written. What was moved is a duplicate next time.
        """
        requests = self._readable()
        if not requests:
            return 0
        outcomes = self._written(requests)
        moved = [
            row_id for row_id, items in requests.items() if self._is_kept(row_id, items, outcomes[row_id])
        ]
        if moved:
            self._spool.remove(moved)
            log.info("spool_drained", requests=len(moved), waiting=self._spool.waiting().requests)
        return len(moved)

    def _readable(self) -> dict[int, list[Item]]:
        found: dict[int, list[Item]] = {}
        for row_id, content in self._spool.oldest(self._left):
            try:
                found[row_id] = loaded(content)
            except Exception as error:  # noqa: BLE001 - cattrs raises many; it stays, and is counted
                self._leave(
                    row_id, f"{type(error).__name__}: another version wrote it, or the file is damaged"
                )
        return found

    def _written(self, requests: dict[int, list[Item]]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        told = {row_id: partial(outcomes.__setitem__, row_id) for row_id in requests}
        self._batches.write([Job(items, told[row_id]) for row_id, items in requests.items()])
        return outcomes

    def _is_kept(self, row_id: int, items: Sequence[Item], outcome: Outcome) -> bool:
        """Whether the database has it now: where it refuses what is in it, in quarantine."""
        if not isinstance(outcome, NotStored):
            return not isinstance(outcome, StoreUnavailable)
        refusals: list[Item] = [refusal for item in items if (refusal := _refusal(item, str(outcome)))]
        outcome = self._written({row_id: refusals})[row_id] if refusals else outcome
        if isinstance(outcome, NotStored):
            self._leave(row_id, str(outcome))
        return isinstance(outcome, list)

    def _leave(self, row_id: int, reason: str) -> None:
        self._left.add(row_id)
        log.error("spool_row_left", file=str(self._spool.file), id=row_id, reason=reason)


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

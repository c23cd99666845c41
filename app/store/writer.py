"""Records what many threads of a process bring, through one that commits in batches."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from app.errors import StoreUnavailable
from app.store import quarantine
from app.store.batches import MOST_JOBS, Item, Job, Outcome
from app.store.database import Database
from app.store.recorder import PATIENCE_SECONDS, Recorder
from app.store.spool.sheltered_batches import batches_of
from app.store.spool.spool import Spool

_WAITING = 256  # a request behind more than this many would be answered too late anyway


class Writer(Recorder):
    """Writes in this process. Its thread is a daemon: what it has not committed nobody has been told of."""

    def __init__(self, database: Database, bounds: quarantine.Bounds, spool: Spool | None = None) -> None:
        """Start the writing thread; it holds the quarantine's `bounds`.

        `spool` takes what is written while the database is away.
        """
        super().__init__()
        self._batches = batches_of(database, bounds, spool)
        self._jobs: queue.Queue[Job] = queue.Queue(maxsize=_WAITING)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._write_until_closed, name="writer", daemon=True)
        self._thread.start()

    def submit(self, items: Sequence[Item]) -> list[Any]:
        """Have the thread write them."""
        told: Future[Outcome] = Future()
        try:
            self._jobs.put_nowait(Job(items, told.set_result))
            outcome = told.result(timeout=PATIENCE_SECONDS)
        except queue.Full:
            raise StoreUnavailable(f"{_WAITING} requests wait for the database already") from None
        except TimeoutError:
            raise StoreUnavailable(f"the database took longer than {PATIENCE_SECONDS:g} s") from None
        if isinstance(outcome, list):
            return outcome
        raise outcome

    def close(self) -> None:
        """Finish what is being done, and end the thread."""
        self._closed.set()
        self._jobs.put(Job([], lambda _: None))  # wakes it
        self._thread.join()
        self._batches.close()

    def _write_until_closed(self) -> None:
        while not self._closed.is_set():
            try:
                first = self._jobs.get(timeout=self._batches.seconds_to_prune)
            except queue.Empty:
                self._batches.prune()
            else:
                if first.items:
                    self._batches.write([first], self._waiting)
                del first  # what it holds need not wait for the next

    def _waiting(self) -> list[Job]:
        """What has come in by now, as far as it fits into the transaction."""
        jobs: list[Job] = []
        while len(jobs) < MOST_JOBS and not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
        return jobs

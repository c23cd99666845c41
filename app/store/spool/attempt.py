"""One try to write a batch into a database that may hang."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from app.errors import StoreUnavailable
from app.store.batches import Item, Job, Outcome


class Attempt:
    """Runs in a thread of its own, which is left to itself where the database does not answer."""

    def __init__(self, write: Callable[[list[Job]], object], requests: Sequence[Sequence[Item]]) -> None:
        """Begin to write the items of these requests.

        Raises:
            RuntimeError: there are too many threads.
        """
        self._outcomes: dict[int, Outcome] = {}
        self._requests = len(requests)
        jobs = [Job(items, partial(self._outcomes.__setitem__, n)) for n, items in enumerate(requests)]
        self._began_at = time.monotonic()
        self._thread = threading.Thread(target=write, args=(jobs,), daemon=True)
        self._thread.start()

    def outcomes_within(self, seconds: float) -> list[Outcome]:
        """The outcome of each request; StoreUnavailable for those of which it is not known in time."""
        self._thread.join(seconds)
        known, hangs = dict(self._outcomes), StoreUnavailable(f"the database took longer than {seconds:g} s")
        return [known.get(number, hangs) for number in range(self._requests)]

    def is_going_on(self, seconds: float) -> bool:
        """Whether it has not ended yet, and began less than so many seconds ago."""
        return self._thread.is_alive() and time.monotonic() - self._began_at < seconds

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, for so many seconds at most."""
        self._thread.join(seconds)

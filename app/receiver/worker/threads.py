"""The threads that answer requests. `concurrent.futures` has a Future for each, which nobody here awaits."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any


class Threads:
    """Calls a function with whatever is submitted, in one of a number of threads.

    One is started only when all others are at work: each has connections of its own.
    """

    def __init__(self, most: int, call: Callable[[Any], None]) -> None:
        """Up to `most` threads. `call` may not raise."""
        self._most = most
        self._call = call
        self._submitted: SimpleQueue[Any] = SimpleQueue()
        self._threads: list[Thread] = []
        self._idle = 0  # threads, less what waits for one
        self._counting = Lock()

    def submit(self, what: Any) -> None:
        """Have a thread do it, once one has nothing else to do. Always called by the same thread."""
        with self._counting:
            starts = self._idle <= 0 and len(self._threads) < self._most
            self._idle += starts - 1
        self._submitted.put(what)
        if starts:
            self._threads.append(Thread(target=self._work, daemon=True))
            self._threads[-1].start()

    def shutdown(self, wait: bool = True) -> None:
        """Take nothing more; what a thread is at it does to its end, unless the process ends before."""
        for _ in self._threads:
            self._submitted.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (what := self._submitted.get()) is not None:
            self._call(what)
            what = None  # what it holds need not wait for the next
            with self._counting:
                self._idle += 1

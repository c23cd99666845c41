"""The threads that answer requests. `concurrent.futures` has a Future for each, which nobody here awaits."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any


class Threads:
    """Calls a function with whatever is submitted, in one of a fixed number of threads."""

    def __init__(self, number: int, call: Callable[[Any], None]) -> None:
        """Start them. `call` may not raise."""
        self._submitted: SimpleQueue[Any] = SimpleQueue()
        self._call = call
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def submit(self, what: Any) -> None:
        """Have a thread do it, once one has nothing else to do."""
        self._submitted.put(what)

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

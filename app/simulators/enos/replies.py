"""Publishes replies, each when it is due."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Replies:
    """A timer for any number of replies, with one thread."""

    def __init__(self, publish: Callable[[str, bytes], None]) -> None:
        """`publish` gets a topic and a payload, in whichever thread."""
        self._publish = publish
        self._waiting: list[tuple[float, int, str, bytes]] = []
        self._order = itertools.count()  # so that of two that are due at once the first goes first
        self._changed = threading.Condition()
        self._ended = False

    def start(self) -> None:
        """Start the thread."""
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="hub-replies", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is not due yet never goes."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify()
        self._thread.join()

    def send(self, topic: str, payload: bytes, delay: float) -> None:
        """Publish now, or so many seconds later."""
        if delay <= 0:
            self._publish(topic, payload)
            return
        with self._changed:
            heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._order), topic, payload))
            self._changed.notify()

    def _work(self) -> None:
        with self._changed:
            while not self._ended:
                left = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if left is None or left > 0:
                    self._changed.wait(left)
                else:
                    self._publish(*heapq.heappop(self._waiting)[2:])

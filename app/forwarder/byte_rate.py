"""How soon the next message may go, so that EnOS's limit on bytes a second holds in any second."""

from collections import deque

MOST_BYTES = 990_000
"""Of the 1 MB a second that EnOS takes (EnOS protocol, section 1), the rest is for topics and headers."""

_SMALL_BYTES = 5_000  # an event or two

WINDOW_SECONDS = 1.05  # a little more than a second, for clocks that are read late


class ByteRate:
    """Times messages by a monotonic clock, whose seconds every method takes as `now`.

    When a message arrives is not known, only that it has: after a stall of the line, several do at once. So
    each counts in full until then, and for WINDOW_SECONDS more.
    """

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._on_way: deque[int] = deque()
        self._arrived: deque[tuple[float, int]] = deque()
        self._arrivals = 0

    def begin(self, now: float) -> None:
        """A connection begins: who held the channel before may have sent until now, nearly all it could."""
        self._on_way.clear()
        self._arrived = deque([(now, MOST_BYTES - _SMALL_BYTES)])
        self._arrivals = 0

    def wait(self, size: int, now: float) -> float:
        """Seconds until a message of `size` bytes may go: until enough of the earlier ones are long gone.

        Infinite while that hangs on what has not arrived yet.
        """
        while self._arrived and self._arrived[0][0] <= now - WINDOW_SECONDS:
            self._arrived.popleft()
        excess = sum(self._on_way) + sum(sent for _, sent in self._arrived) + size - MOST_BYTES
        seconds = 0.0
        for at, sent in self._arrived:
            if excess <= 0:
                break
            excess -= sent
            seconds = at + WINDOW_SECONDS - now
        return seconds if excess <= 0 else float("inf")

    def sent(self, size: int) -> int:
        """Count a message; returns its number on this connection, from 1."""
        self._on_way.append(size)
        return self._arrivals + len(self._on_way)

    def arrived(self, number: int, now: float) -> None:
        """The message of this number has arrived, and so have all before it: they keep their order."""
        while self._on_way and self._arrivals < number:
            self._arrived.append((now, self._on_way.popleft()))
            self._arrivals += 1

"""How soon the next message may go, so that EnOS's limit on bytes a second holds in any second."""

from collections import deque

MOST_BYTES = 990_000
"""Of the 1 MB a second that EnOS takes (EnOS protocol, section 1), the rest is for topics and headers."""

_SMALL_BYTES = 5_000  # an event or two

WINDOW_SECONDS = 1.1  # more than a second: two messages may come in closer together than they went out


class ByteRate:
    """Times messages by a monotonic clock, whose seconds every method takes as `now`."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._sent: deque[tuple[float, int]] = deque()

    def begin(self, now: float) -> None:
        """A connection begins: who held the channel before may have sent until now, nearly all it could."""
        self._sent = deque([(now, MOST_BYTES - _SMALL_BYTES)])

    def wait(self, size: int, now: float) -> float:
        """Seconds until a message of `size` bytes may go: until enough of the earlier ones are long gone."""
        while self._sent and self._sent[0][0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
        excess = sum(sent for _, sent in self._sent) + size - MOST_BYTES
        seconds = 0.0
        for at, sent in self._sent:
            if excess <= 0:
                break
            excess -= sent
            seconds = at + WINDOW_SECONDS - now
        return seconds

    def sent(self, size: int, now: float) -> None:
        """Count a message."""
        self._sent.append((now, size))

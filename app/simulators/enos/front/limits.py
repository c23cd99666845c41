"""How often a product may connect, and how much it may send (EnOS protocol, section 1)."""

import math
from collections import deque

from app.simulators.enos.front.counters import Counters
from app.simulators.enos.front.login import NOT_AUTHORIZED, UNAVAILABLE, LoginRefused

MOST_BYTES_A_SECOND = 1_000_000

_MOST_CONNECTS, _WINDOW_SECONDS, _LOCKED_SECONDS, _APART_SECONDS = 4, 120.0, 300.0, 1.0


class ConnectLimit:
    """Locks a product out that connects too often. Every login counts that names it, taken or not."""

    def __init__(self, counters: Counters, time_scale: float) -> None:
        """`time_scale`: 0.01 makes a hundredth of all periods."""
        self._counters, self._scale = counters, time_scale
        self._connects: deque[float] = deque()
        self._locked_until = 0.0

    def check(self, now: float) -> None:
        """Count a connect, but for one while locked out.

        Raises:
            LoginRefused: it comes too soon, or the product is locked out from now on or still.
        """
        if now < self._locked_until:
            raise LoginRefused(NOT_AUTHORIZED, f"locked out for another {self._locked_until - now:.1f} s")
        while self._connects and self._connects[0] <= now - _WINDOW_SECONDS * self._scale:
            self._connects.popleft()
        latest = self._connects[-1] if self._connects else -math.inf
        self._connects.append(now)
        if len(self._connects) > _MOST_CONNECTS:
            self._lock_out(now)
        if now - latest < _APART_SECONDS * self._scale:
            raise LoginRefused(UNAVAILABLE, f"two connects within {_APART_SECONDS * self._scale:g} s")

    def _lock_out(self, now: float) -> None:
        self._connects.clear()
        self._locked_until = now + _LOCKED_SECONDS * self._scale
        self._counters.lockouts += 1
        raise LoginRefused(
            NOT_AUTHORIZED,
            f"locked out for {_LOCKED_SECONDS * self._scale:g} s:"
            f" more than {_MOST_CONNECTS} connects within {_WINDOW_SECONDS * self._scale:g} s",
        )


class ByteRate:
    """How many bytes a product sent within the past second."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self._sent: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, now: float, size: int) -> int:
        """Count `size` bytes, and give how many came in the second that ends now."""
        while self._sent and self._sent[0][0] <= now - 1:
            self._total -= self._sent.popleft()[1]
        self._sent.append((now, size))
        self._total += size
        return self._total

"""When to connect next, so that EnOS never locks the channel out."""

import random
from collections import deque
from collections.abc import Sequence

AFTER_FAILURE_SECONDS = 35.0
JITTER_SECONDS = 10.0
SPACING_SECONDS = 1.1
NOTED_SPACING_SECONDS = 3.0  # another process connects a little later than it notes
MOST_CONNECTS, WINDOW_SECONDS = 4, 125.0
"""EnOS takes a connect a second, and locks a client out for 5 minutes that connects more than 4 times in 2
(EnOS protocol, section 1)."""


class ConnectPacer:
    """Times connects by a monotonic clock, whose seconds every method takes as `now`."""

    def __init__(self, rng: random.Random) -> None:
        """`rng` spreads out the connects of many sites after a common outage."""
        self._rng = rng
        self._connects: deque[float] = deque(maxlen=MOST_CONNECTS)
        self._not_before = 0.0
        self._last_drop = -WINDOW_SECONDS
        self._failures = 0

    def remember(self, ages: Sequence[float], now: float) -> None:
        """Count the connects of others, so many seconds ago, the oldest first; our own are among them."""
        self._connects.clear()
        self._connects.extend(now - age for age in ages)

    def wait(self, now: float) -> float:
        """Seconds until a connect is allowed; 0 if it is."""
        window_ends = self._connects[0] + WINDOW_SECONDS if len(self._connects) == MOST_CONNECTS else 0.0
        spaced = self._connects[-1] + SPACING_SECONDS if self._connects else 0.0
        return max(0.0, self._not_before - now, window_ends - now, spaced - now)

    def connecting(self, now: float) -> None:
        """Count a connect."""
        self._connects.append(now)

    def failed(self, now: float) -> None:
        """A connect failed: the next one waits; after the first failure twice as long.

        So half of the connects that EnOS takes are left to a person who checks what is wrong.
        """
        self._failures += 1
        seconds = AFTER_FAILURE_SECONDS * min(self._failures, 2)
        self._not_before = now + seconds + self._rng.uniform(0, JITTER_SECONDS)

    def succeeded(self) -> None:
        """A connect was no failure."""
        self._failures = 0

    def dropped(self, now: float) -> None:
        """A connection that stood has ended: the next one comes soon, unless this happened just before.

        Not at once: another client may have pushed it out, by a connect of now.
        """
        self._not_before = max(self._not_before, now + SPACING_SECONDS)
        if now - self._last_drop < WINDOW_SECONDS:
            self.failed(now)
        self._last_drop = now


def seconds_until_room(ages: Sequence[float], connects: int) -> float:
    """Seconds until a client that connected never before may connect, and others soon after it; 0 if it may.

    `ages`: how many seconds ago each earlier connect was noted, the oldest first; `connects`: its own one,
    and those of the others.
    """
    recent = [age for age in ages if age < WINDOW_SECONDS]
    too_many = len(recent) + connects - MOST_CONNECTS
    window = WINDOW_SECONDS - recent[too_many - 1] if too_many > 0 else 0.0
    return max(window, NOTED_SPACING_SECONDS - min(recent, default=NOTED_SPACING_SECONDS))

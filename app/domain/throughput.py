"""How much went to EnOS in a period, and how long it took."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.times import EPOCH

PERIOD = timedelta(minutes=5)
"""What became of deliveries is counted for each period of this length."""

BOUNDS_MS = (
    *(20, 50, 100, 200, 500),
    *(1_000, 2_000, 5_000, 15_000),
    *(60_000, 300_000, 1_800_000),
    *(7_200_000, 86_400_000, 10**15),
)
"""From receiving an event to knowing that EnOS has it: each is counted under the next of these milliseconds.
The last stands for more than a day."""


class Outcome(StrEnum):
    """delivered: EnOS took it. parked: refused for good. retried: it failed, and is tried again."""

    DELIVERED = "delivered"
    PARKED = "parked"
    RETRIED = "retried"


@dataclass(slots=True)
class Throughput:
    """What became of deliveries in a period: `latencies` has the number of those delivered by BOUNDS_MS."""

    parked: int = 0
    retried: int = 0
    latencies: Counter[int] = field(default_factory=Counter)

    @property
    def delivered(self) -> int:
        """How many EnOS took."""
        return self.latencies.total()

    def add(self, outcome: Outcome, within_ms: int, number: int) -> None:
        """Count some more."""
        if outcome is Outcome.DELIVERED:
            self.latencies[within_ms] += number
        elif outcome is Outcome.PARKED:
            self.parked += number
        else:
            self.retried += number

    def within_ms(self, part: float) -> int | None:
        """Within how many milliseconds this part, from 0 to 1, was delivered; None if nothing was."""
        counted = 0
        for bound in sorted(self.latencies):
            counted += self.latencies[bound]
            if counted >= part * self.delivered:
                return bound
        return None


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """How many deliveries of a channel fared alike in the PERIOD that began at `began_at`.

    `within_ms` is one of BOUNDS_MS; 0 for those that were not delivered.
    """

    began_at: datetime
    channel: str
    outcome: Outcome
    within_ms: int
    number: int


def by_bound(latencies: Iterable[int]) -> Counter[int]:
    """How many of these milliseconds come under each of BOUNDS_MS; fewer than 0 come of two clocks."""
    return Counter(BOUNDS_MS[bisect_left(BOUNDS_MS, latency)] for latency in latencies)


def beginning(instant: datetime, length: timedelta = PERIOD) -> datetime:
    """When the period began in which an instant lies."""
    return EPOCH + (instant - EPOCH) // length * length


def by_period(
    counts: Iterable[PeriodCount], first: datetime, last: datetime, length: timedelta
) -> dict[datetime, Throughput]:
    """Counts put together for longer periods, from that of `first` to that of `last`, the empty ones too."""
    began = beginning(first, length)
    number = (last - began) // length + 1
    periods = {began + index * length: Throughput() for index in range(number)}
    for one in counts:
        if period := periods.get(beginning(one.began_at, length)):
            period.add(one.outcome, one.within_ms, one.number)
    return periods

"""Figures from single times: rates, percentiles, medians over rounds, ratios."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SLOW_SECONDS = 0.5  # how long a box waits for the reply to a real-time event


@dataclass(frozen=True, slots=True)
class Figures:
    """One load: `events` with a good reply, how many a second, latencies in ms, `slow` replies, errors."""

    events: int
    rate: float
    p50: float
    p99: float
    p999: float
    most: float
    slow: int
    errors: int


def over_rounds(rounds: Sequence[Figures]) -> Figures:
    """Medians of rate and percentiles; the highest maximum; events, slow replies and errors together."""
    return Figures(
        events=sum(one.events for one in rounds),
        rate=statistics.median(one.rate for one in rounds),
        p50=statistics.median(one.p50 for one in rounds),
        p99=statistics.median(one.p99 for one in rounds),
        p999=statistics.median(one.p999 for one in rounds),
        most=max(one.most for one in rounds),
        slow=sum(one.slow for one in rounds),
        errors=sum(one.errors for one in rounds),
    )


def ratio(ours: Sequence[Figures], theirs: Sequence[Figures]) -> float:
    """The median of our events/s by theirs, round by round: what disturbs one round disturbs both."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(a.rate / b.rate if b.rate else math.nan for a, b in pairs)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]

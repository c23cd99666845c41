"""Figures from single times: rates, percentiles, medians over rounds, ratios."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load import Answer, Load

SLOW_SECONDS = 0.5  # how long a box waits for the reply to a real-time event


@dataclass(frozen=True, slots=True)
class Figures:
    """One round: events a second, latencies in ms, and how many replies were slow or wrong."""

    rate: float
    p50: float
    p99: float
    most: float
    slow: int
    errors: int


def figures(load: Load, is_right: Callable[[Answer], bool]) -> Figures:
    """Sum up a load; only right answers count as events."""
    milliseconds = [answer.seconds * 1000 for answer in load.answers]
    right = sum(map(is_right, load.answers))
    return Figures(
        rate=right / load.seconds,
        p50=percentile(milliseconds, 0.50),
        p99=percentile(milliseconds, 0.99),
        most=max(milliseconds),
        slow=sum(answer.seconds > SLOW_SECONDS for answer in load.answers),
        errors=len(load.answers) - right + load.unasked,
    )


def over_rounds(rounds: Sequence[Figures]) -> Figures:
    """Medians of rate, p50 and p99; the highest maximum; all slow and wrong replies together."""
    return Figures(
        rate=statistics.median(one.rate for one in rounds),
        p50=statistics.median(one.p50 for one in rounds),
        p99=statistics.median(one.p99 for one in rounds),
        most=max(one.most for one in rounds),
        slow=sum(one.slow for one in rounds),
        errors=sum(one.errors for one in rounds),
    )


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of ours / theirs, round by round: what disturbs one round disturbs both."""
    return statistics.median(a / b if b else math.nan for a, b in zip(ours, theirs, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]

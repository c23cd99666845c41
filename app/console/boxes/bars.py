"""A day of a box as a row of bars, one an hour, drawn on the server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.senders import hours_until

WIDTH, HEIGHT = 10, 40  # of an hour, in the drawing's own units
_LEAST = 2  # of an hour with any events: it must be seen beside a busy one


@dataclass(frozen=True, slots=True)
class Bar:
    """An hour; `height` is that of its bar."""

    begin: datetime
    number: int
    height: int


@dataclass(frozen=True, slots=True)
class Bars:
    """24 hours, the present one last. `busiest` is the first of those with the most."""

    bars: Sequence[Bar]
    total: int
    busiest: Bar


def bars_of(numbers: Mapping[datetime, int], now: datetime) -> Bars:
    """Draw what came in each hour; `numbers` is by the hours' beginnings."""
    begins = hours_until(now)
    most = max(numbers.get(begin, 0) for begin in begins)
    bars = [Bar(begin, n, _height(n, most)) for begin in begins for n in [numbers.get(begin, 0)]]
    return Bars(bars, sum(bar.number for bar in bars), max(bars, key=lambda bar: bar.number))


def _height(number: int, most: int) -> int:
    return max(_LEAST, round(HEIGHT * number / most)) if number else 0

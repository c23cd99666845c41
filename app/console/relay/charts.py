"""Bars for inline SVG: what went to EnOS by the time, and how long it took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from app.console.relay.words import latency
from app.domain.throughput import BOUNDS_MS, Throughput

WIDTH, HEIGHT = 960, 120
_GAP = 0.15  # of a bar's place

Box = tuple[str, float, float]
"""A CSS class, and y and height of a box."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Boxes one over the other, and what they say in words."""

    x: float
    width: float
    boxes: Sequence[Box]
    title: str


def throughput_bars(periods: Mapping[datetime, Throughput], most: int) -> list[Bar]:
    """A bar for each period: delivered, above it what was tried again, and what was refused.

    `most`: of one period, see `most_of`; it is as high as the chart.
    """
    titles = [
        gettext(
            "%(time)s: %(delivered)d in EnOS, %(retried)d tried again, %(parked)d refused",
            time=f"{began.astimezone():%H:%M}",
            delivered=period.delivered,
            retried=period.retried,
            parked=period.parked,
        )
        for began, period in periods.items()
    ]
    return _bars([_stack(period, most) for period in periods.values()], titles)


def latency_bars(periods: Mapping[datetime, Throughput]) -> list[Bar]:
    """A bar for each period, a step higher for each of BOUNDS_MS: of 95 %, and darker of half of them."""
    titles = [
        f"{began.astimezone():%H:%M}: {in_words(period)}" if period.delivered else ""
        for began, period in periods.items()
    ]
    return _bars([_steps(period) for period in periods.values()], titles)


def most_of(periods: Mapping[datetime, Throughput]) -> int:
    """How many there were in the period that had most."""
    return max(period.delivered + period.retried + period.parked for period in periods.values())


def in_words(period: Throughput) -> str:
    """How long half of what was delivered took, and nearly all."""
    half, most = period.within_ms(0.5), period.within_ms(0.95)
    if half is None or most is None:
        return ""
    text = gettext("half %(half)s, 95 %% %(most)s", half=latency(half), most=latency(most))
    return str(text)


def _bars(boxes: Sequence[Sequence[Box]], titles: Sequence[str]) -> list[Bar]:
    place = WIDTH / len(boxes)
    return [
        Bar(round(place * index, 1), round(place * (1 - _GAP), 1), some, title)
        for index, (some, title) in enumerate(zip(boxes, titles, strict=True))
        if some
    ]


def _stack(period: Throughput, most: int) -> list[Box]:
    boxes, top = [], float(HEIGHT)
    for name in ("delivered", "retried", "parked"):
        if number := getattr(period, name):
            height = max(1.0, number / most * HEIGHT)  # a single one is to be seen too
            top -= height
            boxes.append((name, round(top, 1), round(height, 1)))
    return boxes


def _steps(period: Throughput) -> list[Box]:
    found = [("most", period.within_ms(0.95)), ("half", period.within_ms(0.5))]
    heights = [
        (name, HEIGHT * (BOUNDS_MS.index(bound) + 1) / len(BOUNDS_MS)) for name, bound in found if bound
    ]
    return [(name, round(HEIGHT - height, 1), round(height, 1)) for name, height in heights]

"""The results as Markdown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from benchmarks.figures import Figures, over_rounds

FIGURES = ("events/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "> 500 ms", "errors")
"""The headings over `figures`."""

_HOW_TO_READ = """\
Figures of one machine and one day: compare the rows of a table, not this machine with another. A machine's
speed drifts within minutes: servers are measured in turn within each round, and a ratio is the median of
the rounds' ratios. events/s and percentiles are medians of the rounds, max is the highest of all, slow
replies and errors are totals. The client runs on the same cores. Bodies have about 90 KB and two pictures,
no two alike. What a server stored is counted afterwards: it must be what it answered for, each once.
[Measure speed](../docs/how-to/measure.md) says how to make this page anew."""


def head(machine: str, rounds: int, seconds: float) -> str:
    """What the page begins with: the day, the machine, the rounds for each server, and how to read it."""
    measured = f"{datetime.now(UTC):%Y-%m-%d}: {machine}. {rounds} rounds of {seconds:g} s for each server."
    return f"# What `make bench` measured\n\n{measured}\n\n{_HOW_TO_READ}\n"


def section(heading: str, caption: str, *parts: str) -> str:
    """What follows on the page: a table or more with what they show."""
    return "\n" + "\n\n".join((f"## {heading}", caption, *parts)) + "\n"


def figures(rounds: Sequence[Figures]) -> tuple[str, ...]:
    """The cells under FIGURES, over all rounds."""
    found = over_rounds(rounds)
    times = (found.p50, found.p99, found.p999, found.most)
    return f"{found.rate:,.0f}", *(f"{time:.1f}" for time in times), str(found.slow), str(found.errors)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

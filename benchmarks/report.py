"""The results as Markdown, which is printed and kept in RESULTS.md."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from benchmarks.drain import Drained
from benchmarks.figures import Figures, over_rounds, percentile, ratio
from benchmarks.latency import Latencies

VENDOR_STYLE = "vendor-style"

Rounds = Mapping[tuple[str, str], Sequence[Figures]]
"""By encoding and server, the figures of each round."""

_HEADINGS = ("body", "server", "events/s", "p50 ms", "p99 ms", "max ms", "> 500 ms", "errors")
_RATIO_HEADINGS = ("events/s ratio", "p50 ratio", "p99 ratio")
_STEPS = ("POST to reply", "POST to message at EnOS's side", "POST to settled outbox row")


def receiving(rounds: Rounds) -> str:
    """The table of servers; ratios are to the vendor-style server."""
    rows = (
        (encoding, server, *_figures(found), *_ratios(found, rounds[encoding, VENDOR_STYLE]))
        for (encoding, server), found in rounds.items()
    )
    return _table((*_HEADINGS, *_RATIO_HEADINGS), rows)


def through_product(latencies: Latencies) -> str:
    """The table of latencies through the idle product."""
    times = (latencies.replied, latencies.relayed, latencies.settled)
    rows = ((step, *_latencies(seconds)) for step, seconds in zip(_STEPS, times, strict=True))
    return _table(("one event, nothing else going on", "p50 ms", "p95 ms", "max ms"), rows)


def draining(drained: Drained) -> str:
    """The table of a drained backlog."""
    headings = ("events", "messages", "seconds", "events/s", "most bytes in a second", "processor seconds")
    rate = f"{drained.events / drained.seconds:.0f}"
    seconds = f"{drained.seconds:.1f}", rate, str(drained.most_bytes), f"{drained.processor_seconds:.1f}"
    return _table(headings, [(str(drained.events), str(drained.messages), *seconds)])


def whole(machine: str, sections: Iterable[tuple[str, str]]) -> str:
    """The page: machine, then each section's caption and table."""
    head = f"# What `make bench` measured\n\n{datetime.now(UTC):%Y-%m-%d}: {machine}.\n"
    return head + "".join(f"\n{caption}\n\n{table}\n" for caption, table in sections)


def _figures(rounds: Sequence[Figures]) -> tuple[str, ...]:
    found = over_rounds(rounds)
    times = (found.p50, found.p99, found.most)
    return f"{found.rate:.0f}", *(f"{time:.1f}" for time in times), str(found.slow), str(found.errors)


def _ratios(ours: Sequence[Figures], theirs: Sequence[Figures]) -> tuple[str, ...]:
    return tuple(
        f"{ratio([getattr(one, name) for one in ours], [getattr(one, name) for one in theirs]):.2f}"
        for name in ("rate", "p50", "p99")
    )


def _latencies(seconds: Sequence[float]) -> tuple[str, ...]:
    found = (percentile(seconds, 0.50), percentile(seconds, 0.95), max(seconds))
    return tuple(f"{time * 1000:.1f}" for time in found)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

"""How late the receiver's replies are at a steady load and in bursts."""

import itertools
import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import report, servers
from benchmarks.bodies import Template
from benchmarks.figures import Figures
from benchmarks.load import post_when_due
from benchmarks.pacing import bursts, steady
from benchmarks.plan import Plan
from benchmarks.server import Server

_STEADY_SECONDS, _STEADY_CONNECTIONS = 20.0, 32
_BURSTS, _BURST, _BURST_SECONDS, _BURST_CONNECTIONS = 10, 100, 2.0, 10
_CAPTION = f"""\
JSON, SQLite. The receiver's peak is the median of wrk's rounds. Requests are then due at even
distances for {_STEADY_SECONDS:.0f} s, over {_STEADY_CONNECTIONS} connections, or {_BURST} at once every
{_BURST_SECONDS:.0f} s, {_BURSTS} times, over {_BURST_CONNECTIONS}. Each reply is timed from when its
request was due, so that one that waits for the ones before it counts as late. The client is one thread of
Python on the same cores: the floor's row, at the same rate, shows what client and machine add."""


@dataclass(frozen=True, slots=True)
class _Load:
    name: str
    server: Server
    due: Sequence[float]
    connections: int


def measure(plan: Plan) -> str:
    """The table."""
    with servers.receiver(plan.folder) as receiver, servers.floor(plan.folder) as floor:
        peak = _peak(plan, receiver)
        in_bursts = bursts(_BURSTS, _BURST, _BURST_SECONDS)
        loads = [
            *(_steady(receiver, share, peak) for share in (0.5, 0.8)),
            _steady(floor, 0.8, peak),
            _Load(f"receiver, bursts of {_BURST}", receiver, in_bursts, _BURST_CONNECTIONS),
        ]
        found = _post(loads)
    rows = ((load.name, *report.figures([one])) for load, one in zip(loads, found, strict=True))
    caption = f"{_CAPTION}\n\nThe peak: {peak:,.0f} events/s."
    return report.section("Latency", caption, report.table(("load", *report.FIGURES), rows))


def _peak(plan: Plan, receiver: Server) -> float:
    rates = [plan.wrk.post(receiver.port, "json", plan.seconds).rate for _ in range(plan.rounds + 1)]
    return statistics.median(rates[1:])  # the first warms it up


def _steady(server: Server, share: float, peak: float) -> _Load:
    name = f"{server.name}, steady, {share:.0%} of the receiver's peak"
    return _Load(name, server, steady(share * peak, _STEADY_SECONDS), _STEADY_CONNECTIONS)


def _post(loads: Sequence[_Load]) -> list[Figures]:
    template, numbers = Template("json"), itertools.count()  # wrk's begin far beyond
    found = []
    for load in loads:
        os.sync()
        port, due = load.server.port, load.due
        found.append(post_when_due(port, lambda: template.request(next(numbers)), due, load.connections))
    return found

"""How late the receiver's replies are at a steady load and in bursts."""

import itertools
import os
from collections import defaultdict
from collections.abc import Sequence

from benchmarks import report, servers
from benchmarks.bodies import Template
from benchmarks.figures import Figures
from benchmarks.load import post_when_due
from benchmarks.pacing import bursts, steady
from benchmarks.plan import Plan
from benchmarks.server import Server

_TEMPLATE, _NUMBERS = Template("json"), itertools.count()  # wrk's begin far beyond
_STEADY_SECONDS, _STEADY_CONNECTIONS = 10.0, 32
_BURSTS, _BURST, _BURST_SECONDS, _BURST_CONNECTIONS = 10, 100, 2.0, 10
_CAPTION = f"""\
JSON, SQLite. A round begins with the receiver's peak, by wrk; requests are then due at even distances, at
shares of that, for {_STEADY_SECONDS:.0f} s each, over {_STEADY_CONNECTIONS} connections. At the end
{_BURST} are due at once every {_BURST_SECONDS:.0f} s, {_BURSTS} times, over {_BURST_CONNECTIONS}. Each
reply is timed from when its request was due, so that one that waits for the ones before it counts as late.
The client is one thread of Python on the same cores: the floor's row, at the same rate, shows what client
and machine add."""


def measure(plan: Plan) -> str:
    """The table."""
    found: dict[str, list[Figures]] = defaultdict(list)
    with servers.receiver(plan.folder) as receiver, servers.floor(plan.folder) as floor:
        plan.wrk.post(receiver.port, "json", plan.seconds)  # warms it up
        peaks = [_round(plan, receiver, floor, found) for _ in range(plan.rounds)]
        due = bursts(_BURSTS, _BURST, _BURST_SECONDS)
        found[f"receiver, bursts of {_BURST}"] = [_posted(receiver, due, _BURST_CONNECTIONS)]
    rows = ((name, *report.figures(figures)) for name, figures in found.items())
    caption = f"{_CAPTION}\n\nThe peaks: {', '.join(f'{peak:,.0f}' for peak in peaks)} events/s."
    return report.section("Latency", caption, report.table(("load", *report.FIGURES), rows))


def _round(plan: Plan, receiver: Server, floor: Server, found: dict[str, list[Figures]]) -> float:
    """Add a round's figures; returns the peak that it began with, in events/s."""
    os.sync()
    peak = plan.wrk.post(receiver.port, "json", plan.seconds).rate
    for server, share in ((receiver, 0.5), (receiver, 0.8), (floor, 0.8)):
        name = f"{server.name}, steady, {share:.0%} of the receiver's peak"
        due = steady(share * peak, _STEADY_SECONDS)
        found[name].append(_posted(server, due, _STEADY_CONNECTIONS))
    return peak


def _posted(server: Server, due: Sequence[float], connections: int) -> Figures:
    os.sync()
    return post_when_due(server.port, lambda: _TEMPLATE.request(next(_NUMBERS)), due, connections)

"""How fast events get on to EnOS: one at a time, and a backlog."""

from collections.abc import Sequence

from benchmarks import drain, latency, report
from benchmarks.drain import Drained
from benchmarks.figures import percentile
from benchmarks.latency import Latencies
from benchmarks.plan import Plan

_SINGLE_EVENTS = 50
_BACKLOG_EVENTS = 50_000
_WINDOWS = (1, 16)
_IDLE = f"""\
{_SINGLE_EVENTS} events posted one at a time, 0.1 to 0.3 s after the one before was settled; receiver,
forwarder, mosquitto and a simulated EnOS on the same cores. The outbox is looked at every 2 ms. mosquitto
runs with set_tcp_nodelay: without it 40 ms come on top before the outbox row is settled."""
_DRAIN = f"""\
A backlog of {_BACKLOG_EVENTS:,} sample events without library photos in SQLite, drained by one forwarder
through mosquitto, from its first settled rows to its last. Limits off: no limit on bytes, and a hub that
answers every message with 200 unchecked. Limits on: as shipped, at most 900,000 bytes a second, into the
strict simulated EnOS."""
_STEPS = ("POST to reply", "POST to message at EnOS's side", "POST to settled outbox row")


def measure(plan: Plan) -> str:
    """Both tables."""
    idle = latency.measure(plan.folder, _SINGLE_EVENTS)
    backlog = plan.folder / "backlog.db"
    drain.fill(backlog, _BACKLOG_EVENTS)
    drained = {
        f"off, {window} at a time": drain.without_limits(plan.folder, backlog, window) for window in _WINDOWS
    } | {"on": drain.within_limits(plan.folder, backlog)}
    headings = ("limits", "events/s", "seconds", "forwarder's processor seconds")
    rows = [(limits, *_drained(found)) for limits, found in drained.items()]
    return report.section("Forwarder", _IDLE, _idle_table(idle), _DRAIN, report.table(headings, rows))


def _idle_table(idle: Latencies) -> str:
    times = (idle.replied, idle.relayed, idle.settled)
    rows = ((step, *_milliseconds(seconds)) for step, seconds in zip(_STEPS, times, strict=True))
    return report.table(("one event, nothing else going on", "p50 ms", "p95 ms", "max ms"), rows)


def _milliseconds(seconds: Sequence[float]) -> tuple[str, ...]:
    found = (percentile(seconds, 0.50), percentile(seconds, 0.95), max(seconds))
    return tuple(f"{time * 1000:.1f}" for time in found)


def _drained(found: Drained) -> tuple[str, ...]:
    rate = f"{found.events / found.seconds:,.0f}"
    return rate, f"{found.seconds:.1f}", f"{found.processor_seconds:.1f}"

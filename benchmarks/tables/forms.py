"""Form bodies beside JSON ones."""

from contextlib import ExitStack

from benchmarks import report, servers
from benchmarks.figures import ratio
from benchmarks.plan import Plan
from benchmarks.rounds import measure as measure_in_turn

_ENCODINGS = ("json", "multipart", "urlencoded")
_CAPTION = """\
The same events as a box's other content-types bring them, over SQLite; servers and client as above. The
floor and the vendor-style server have werkzeug parse forms."""


def measure(plan: Plan) -> str:
    """The table."""
    with ExitStack() as stack:
        starters = (servers.receiver, servers.vendor_style, servers.floor)
        running = [stack.enter_context(start(plan.folder)) for start in starters]
        lanes = [(server, encoding) for server in running for encoding in _ENCODINGS]
        rounds = measure_in_turn(plan.wrk, lanes, plan.rounds, plan.seconds)
    rows = (
        (server, encoding, *report.figures(found), f"{ratio(found, rounds[server, 'json']):.2f}")
        for (server, encoding), found in rounds.items()
    )
    return report.section(
        "Forms", _CAPTION, report.table(("server", "body", *report.FIGURES, "events/s to its JSON"), rows)
    )

"""The receiver beside all its peers: JSON bodies, SQLite."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks import memory, node_red, report, servers
from benchmarks.figures import ratio
from benchmarks.missing import Missing
from benchmarks.plan import Plan
from benchmarks.rounds import Rounds
from benchmarks.rounds import measure as measure_in_turn
from benchmarks.server import Server
from benchmarks.wrk import CONNECTIONS

_CAPTION = f"""\
wrk posts over {CONNECTIONS} connections, each again as soon as it has its reply. What comes before a reply:

- receiver: as shipped; validated, deduplicated, committed to SQLite with synchronous=FULL, queued for EnOS
- vendor-style: Flask's development server writes two files, without a sync, and closes each connection
- FastAPI minimal: one uvicorn process with httptools, pydantic; one SQLite commit an event, synchronous=FULL
- Flask + ORM: two sync gunicorn workers, marshmallow, SQLAlchemy's ORM; one commit an event, as above
- Node-RED: http in, sqlite, http response; one commit an event, as above
- floor: the receiver's gunicorn settings; Flask, the body parsed with orjson, nothing stored"""


def measure(plan: Plan) -> str:
    """The table, and how much memory the receiver took."""
    with _all(plan) as (everyone, remarks):
        receiver = everyone[0]
        rounds = measure_in_turn(plan.wrk, [(one, "json") for one in everyone], plan.rounds, plan.seconds)
        remarks.append(_memory(receiver))
    return report.section("JSON", _CAPTION, _table(rounds, receiver.name), *remarks)


@contextmanager
def _all(plan: Plan) -> Iterator[tuple[list[Server], list[str]]]:
    """Every server, the receiver first, and what is to be said of those that are missing."""
    starters = [servers.receiver, servers.vendor_style, servers.fastapi_minimal, servers.flask_orm]
    remarks = []
    try:
        node_red.install()
        starters.append(node_red.node_red)
    except Missing as missing:
        remarks.append(str(missing))
    starters.append(servers.floor)
    with ExitStack() as stack:
        yield [stack.enter_context(start(plan.folder)) for start in starters], remarks


def _memory(receiver: Server) -> str:
    found = memory.usages(receiver.pid)
    sizes = (f"{memory.role(usage.command)} {usage.most_megabytes:.0f}" for usage in found)
    return f"Most memory of each of the receiver's processes, in MB (VmHWM): {', '.join(sizes)}."


def _table(rounds: Rounds, receiver: str) -> str:
    ours = rounds[receiver, "json"]
    rows = (
        (server, *report.figures(found), f"{ratio(ours, found):.2f}") for (server, _), found in rounds.items()
    )
    return report.table(("server", *report.FIGURES, "receiver's events/s to its"), rows)

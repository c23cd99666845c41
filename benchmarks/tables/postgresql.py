"""The receiver beside the ORM peer: JSON bodies, PostgreSQL."""

from contextlib import ExitStack

from benchmarks import report, servers
from benchmarks.figures import ratio
from benchmarks.plan import Plan
from benchmarks.postgresql import postgresql
from benchmarks.rounds import measure as measure_in_turn

_CAPTION = """\
As the first table, with one PostgreSQL server on the same cores (fsync and synchronous_commit on,
shared_buffers 128 MB) that has a database for each."""


def measure(plan: Plan) -> str:
    """The table."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql(plan.folder))
        running = []
        for start in (servers.receiver, servers.flask_orm):
            database.create_database(start.__name__)
            url = database.url(start.__name__).replace("postgresql:", "postgresql+psycopg:")
            running.append(stack.enter_context(start(plan.folder, url)))
        rounds = measure_in_turn(plan.wrk, [(one, "json") for one in running], plan.rounds, plan.seconds)
    ours = rounds["receiver", "json"]
    rows = (
        (server, *report.figures(found), f"{ratio(ours, found):.2f}") for (server, _), found in rounds.items()
    )
    return report.section(
        "PostgreSQL", _CAPTION, report.table(("server", *report.FIGURES, "receiver's events/s to its"), rows)
    )

"""How soon each page of the console begins to come, on a million events."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from statistics import median

from app.store.database import Database
from benchmarks import report, servers
from benchmarks.filling import fill, middle_id
from benchmarks.looking import Reader, add_reader
from benchmarks.plan import Plan

_EVENTS, _TRIES = 1_000_000, 9
_CAPTION = f"""\
The console as shipped, on a SQLite database of {_EVENTS:,} delivered events with small pictures: milliseconds
until a page's first byte, of {_TRIES} times each, one after the other, after a first that does not count."""
_MIDDLE = middle_id(_EVENTS)
_PAGES = {
    "overview": "/",
    "events": "/events",
    "events, a page from the middle": f"/events?before={_MIDDLE}",
    "events, a name that nobody has": "/events?text=nobody",
    "events, one person's": "/events?identity=person-17",
    "events, refused by EnOS": "/events?state=parked",
    "events, with warnings": "/events?has_warnings=1",
    "one event": f"/events/{_MIDDLE}",
    "export as CSV": "/events/export/events.csv",
}


def measure(plan: Plan) -> str:
    """The table."""
    file = plan.folder / "console.db"
    fill(file, _EVENTS)
    with closing(Database(f"sqlite:///{file}")) as database:
        add_reader(database)
    with servers.console(plan.folder, f"sqlite:///{file}") as server:
        rows = list(_rows(Reader(server.port)))
    return report.section("Pages of the console", _CAPTION, report.table(("page", "median", "most"), rows))


def _rows(reader: Reader) -> Iterator[Sequence[str]]:
    for name, path in _PAGES.items():
        times = [_milliseconds(reader, path) for _ in range(_TRIES + 1)][1:]
        yield [name, f"{median(times):.0f}", f"{max(times):.0f}"]


def _milliseconds(reader: Reader, path: str) -> float:
    began = time.perf_counter()
    with reader.get(path):
        return (time.perf_counter() - began) * 1000

"""How soon each page of the console begins to come, on a million events."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from statistics import median

import urllib3

from app.domain.users import Role
from app.store.database import Database
from benchmarks import report, servers
from benchmarks.filling import fill, middle_id
from benchmarks.looking import connected, log_in
from benchmarks.plan import Plan

_EVENTS, _TRIES, _PATIENCE_SECONDS = 1_000_000, 9, 30.0
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
    "one person's as CSV": "/events/export/events.csv?identity=person-17",
    "live": "/live",
    "people": "/people",
    "people, a name that nobody has": "/people?text=nobody",
    "one person": "/person?id=person-17",
    "one person's, with warnings": "/events?identity=person-17&has_warnings=1",
    "strangers": "/strangers",
    "boxes": "/boxes",
    "point a new box here": "/boxes/new",
    "relay": "/relay",
    "refused": "/refused",
    "users": "/users",
    "audit log": "/audit",
    "figures for Prometheus": "/metrics",
    "API, events": "/api/v1/events",
    "API, deliveries": "/api/v1/outbox",
    "API, boxes": "/api/v1/devices",
    "API, counts": "/api/v1/stats",
}


def measure(plan: Plan) -> str:
    """The table."""
    file = plan.folder / "console.db"
    fill(file, _EVENTS)
    with closing(Database(f"sqlite:///{file}")) as database:
        [token] = log_in(database, 1, Role.ADMIN)
    with servers.console(plan.folder, f"sqlite:///{file}") as server:
        rows = list(_rows(connected(server.port, token, _PATIENCE_SECONDS)))
    return report.section("Pages of the console", _CAPTION, report.table(("page", "median", "most"), rows))


def _rows(console: urllib3.HTTPConnectionPool) -> Iterator[Sequence[str]]:
    for name, path in _PAGES.items():
        times = [_milliseconds(console, path) for _ in range(_TRIES + 1)][1:]
        yield [name, f"{median(times):.0f}", f"{max(times):.0f}"]


def _milliseconds(console: urllib3.HTTPConnectionPool, path: str) -> float:
    """Until the first byte; the rest is read, too, but does not count."""
    began = time.perf_counter()
    reply = console.request("GET", path, preload_content=False, redirect=False)
    taken = (time.perf_counter() - began) * 1000
    reply.drain_conn()
    if reply.status != 200:
        raise RuntimeError(f"{path} was answered with {reply.status}")
    return taken

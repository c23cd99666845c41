"""The receiver on ten million events beside one on an empty database, and then ten minutes of the first."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import uuid4

from sqlalchemy import Connection

from app.domain.delivery import DeliveryState
from app.store import deliveries, events, outbox, pictures
from app.store.database import Database
from app.store.queries import counts
from app.store.settlements import Settlement
from benchmarks import memory, report, servers
from benchmarks.figures import ratio
from benchmarks.filling import fill, middle_id
from benchmarks.plan import Plan
from benchmarks.rounds import measure as measure_in_turn
from benchmarks.server import Server

_EVENTS = 10_000_000
_SOAK_SECONDS, _SAMPLE_SECONDS = 600.0, 60.0
_CLAIMED, _LISTED, _TRIES = 100, 50, 9
_CAPTION = f"""\
Two receivers as shipped, one on an empty SQLite database and one on a database of {_EVENTS:,} delivered
events with small pictures. The first row is measured by wrk as the first table, the others by calls of the
store's own functions afterwards, the median of {_TRIES}, in milliseconds."""
_SOAK_CAPTION = """\
Then wrk posts to the second receiver for ten minutes. Resident memory of each of its processes, in MB, at
the end of each minute."""


def measure(plan: Plan) -> str:
    """Both tables, and how long the filling took."""
    full = plan.folder / "full" / "receiver.db"
    full.parent.mkdir()
    seconds = fill(full, _EVENTS)
    with ExitStack() as stack:
        both = [stack.enter_context(_receiver(plan.folder, "empty")), stack.enter_context(_full(full))]
        rounds = measure_in_turn(plan.wrk, [(one, "json") for one in both], plan.rounds, plan.seconds)
        few, many = (rounds[one.name, "json"] for one in both)
        rates = ["events/s", *(f"{median(f.rate for f in found):,.0f}" for found in (few, many))]
        rows = [[*rates, f"{ratio(many, few):.2f}"], *_calls(plan.folder / "empty" / "receiver.db", full)]
        soaked = _soak(plan, both[1])
    heads = ("", "empty", f"{_EVENTS:,} events", "ratio")
    filled = f"Filling took {seconds:.0f} s; the file had {full.stat().st_size / 1e9:.0f} GB in the end."
    return report.section("Growth", _CAPTION, report.table(heads, rows), _SOAK_CAPTION, soaked, filled)


@contextmanager
def _receiver(folder: Path, name: str) -> Iterator[Server]:
    own = folder / name
    own.mkdir(exist_ok=True)
    with servers.receiver(own) as server:
        yield replace(server, name=name)


@contextmanager
def _full(file: Path) -> Iterator[Server]:
    with _receiver(file.parent.parent, file.parent.name) as server:
        assert server.stored  # narrows a type for mypy
        count = server.stored
        yield replace(server, stored=lambda: count() - _EVENTS)


def _calls(few: Path, many: Path) -> Iterator[Sequence[str]]:
    """A row for each call."""
    taken = [_milliseconds(file) for file in (few, many)]
    for name in taken[0]:
        times = [each[name] for each in taken]
        yield [name, *(f"{one:.1f}" for one in times), f"{times[1] / times[0]:.2f}"]


def _milliseconds(file: Path) -> Mapping[str, float]:
    calls: dict[str, Callable[[Connection], object]] = {
        f"claim and settle {_CLAIMED} deliveries": _claim_and_settle,
        f"list the newest {_LISTED} events": _list_newest,
        f"list {_LISTED} events from the middle": lambda c: events.latest(c, _LISTED, middle_id(_EVENTS)),
        f"list {_LISTED} deliveries": lambda c: deliveries.listed(c, None, _LISTED),
        "count everything, as se3 status": counts,
    }
    taken: dict[str, list[float]] = defaultdict(list)
    with closing(Database(f"sqlite:///{file}")) as database:
        for _ in range(_TRIES):
            for name, call in calls.items():
                with database.write() as connection:
                    began = time.perf_counter()
                    call(connection)
                    taken[name].append((time.perf_counter() - began) * 1000)
    return {name: median(each) for name, each in taken.items()}


def _claim_and_settle(connection: Connection) -> None:
    now = datetime.now(UTC)
    rows = outbox.claim(connection, "enos", uuid4(), now, _CLAIMED)
    if len(rows) < _CLAIMED:
        raise RuntimeError("too few events were posted to claim some")
    settlements = [Settlement(row, DeliveryState.DELIVERED, 1, now, 200) for row in rows]
    outbox.settle(connection, settlements, now)


def _list_newest(connection: Connection) -> None:
    newest = events.latest(connection, _LISTED)
    pictures.shown_by(connection, [event.id for event in newest])


def _soak(plan: Plan, server: Server) -> str:
    """The table of memory, and what wrk found."""
    found: dict[str, list[float]] = defaultdict(list)
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_SECONDS - 1):  # wrk takes a moment to start, and its last minute counts
            for number, usage in enumerate(memory.usages(server.pid)):
                found[f"{memory.role(usage.command)} {number}"].append(usage.megabytes)

    sampling = threading.Thread(target=sample)
    sampling.start()
    figures = plan.wrk.post(server.port, "json", _SOAK_SECONDS)
    ended.set()
    sampling.join()
    minutes = [str(number + 1) for number in range(max(len(each) for each in found.values()))]
    rows = ([name, *(f"{megabytes:.0f}" for megabytes in each)] for name, each in found.items())
    table = report.table(("process", *minutes), rows)
    done = f"{figures.events:,} events, {figures.rate:,.0f} a second, {figures.errors} errors"
    times = f"p99 {figures.p99:.1f} ms, at most {figures.most:.1f} ms, {figures.slow} above 500 ms"
    return f"{table}\n\n{done}; {times}."

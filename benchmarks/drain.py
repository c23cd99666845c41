"""How fast a backlog gets to EnOS: held to EnOS's limits, and as fast as the forwarder can."""

import resource
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.simulators.enos.front.rules import Rules
from app.simulators.enos.strict_hub import StrictHub
from app.store import events
from app.store.database import Database
from app.store.migration import migrate
from app.store.queries import counts
from benchmarks import mqtt
from benchmarks.processes import await_line, running, settings
from tests.support.new_events import new_event

_SLICE = 1000
_PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Drained:
    """A backlog that was drained: `seconds` from the first settled rows, or a little before, to the last.

    `processor_seconds`: of the forwarder's process, its start included.
    """

    events: int
    seconds: float
    processor_seconds: float


def fill(file: Path, count: int) -> None:
    """Make a SQLite database whose outbox holds `count` sample events."""
    with closing(Database(f"sqlite:///{file}")) as database:
        migrate(database)
        for start in range(0, count, _SLICE):
            some = [new_event(n, reg_pic="") for n in range(start, min(start + _SLICE, count))]
            with database.write() as connection:
                events.record(connection, some)


def within_limits(folder: Path, backlog: Path) -> Drained:
    """Drain a copy of `backlog` by the forwarder as shipped into a hub that holds it to EnOS's limits."""
    with mqtt.broker(folder) as broker_url, StrictHub(broker_url, Rules(), keep=0) as hub:
        return _drain(folder, backlog, hub.url, mqtt.AS_SHIPPED)


def without_limits(folder: Path, backlog: Path, window: int) -> Drained:
    """Drain a copy of `backlog` without a limit on bytes, `window` messages at a time, into a quick hub."""
    hub = [sys.executable, "-m", "benchmarks.quick_hub"]
    log = folder / "quick_hub.log"
    with mqtt.broker(folder) as broker_url, running([*hub, broker_url], settings(), log):
        await_line(log, "ready")
        return _drain(folder, backlog, broker_url, ("benchmarks.unlimited_forwarder", str(window)))


def _drain(folder: Path, backlog: Path, hub_url: str, module: Sequence[str]) -> Drained:
    file = shutil.copy(backlog, folder / "drain.db")
    url = f"sqlite:///{file}"
    used = _processor_seconds()
    with closing(Database(url)) as database:
        count = _waiting(database)
        with mqtt.forwarder(folder, url, hub_url, module):
            seconds = _await_drained(database, count)
    return Drained(count, seconds, _processor_seconds() - used)


def _await_drained(database: Database, count: int) -> float:
    started = time.perf_counter()
    deadline = started + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        now, waiting = time.perf_counter(), _waiting(database)
        if waiting == count:
            started = now
        elif waiting == 0:
            return now - started
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"the backlog was not drained within {_PATIENCE_SECONDS:g} s")


def _waiting(database: Database) -> int:
    with database.read() as connection:
        return counts(connection).waiting


def _processor_seconds() -> float:
    """Of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

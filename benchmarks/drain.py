"""How fast a backlog gets to EnOS, beside how fast EnOS takes it."""

import resource
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from app.simulators.enos.front.rules import Rules
from app.simulators.enos.strict_hub import StrictHub
from app.store import events
from app.store.database import Database
from app.store.migration import migrate
from app.store.queries import counts
from benchmarks import servers
from tests.support.new_events import new_event

_SLICE = 1000
_PATIENCE_SECONDS = 600.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Drained:
    """A backlog that was drained: `seconds` from the forwarder's start to the last settled row.

    `most_bytes` in one second, as EnOS's side saw it; `processor_seconds` of the forwarder.
    """

    events: int
    messages: int
    seconds: float
    most_bytes: int
    processor_seconds: float


def measure(folder: Path, count: int) -> Drained:
    """Fill an outbox with `count` events, then let a forwarder drain it into a strict hub."""
    url = f"sqlite:///{folder / 'drain.db'}"
    with ExitStack() as stack:
        database = stack.enter_context(closing(Database(url)))
        _fill(database, count)
        _, broker_url = stack.enter_context(servers.broker(folder))
        hub = stack.enter_context(StrictHub(broker_url, Rules(), keep=0))
        used, started = _processor_seconds(), time.perf_counter()
        with servers.forwarder(folder, url, hub.url):
            _await_drained(database)
            seconds = time.perf_counter() - started
        used = _processor_seconds() - used
        return Drained(count, hub.messages, seconds, hub.counters.most_bytes_in_a_second, used)


def _fill(database: Database, count: int) -> None:
    migrate(database)
    for start in range(0, count, _SLICE):
        some = [new_event(number, reg_pic="") for number in range(start, min(start + _SLICE, count))]
        with database.write() as connection:
            events.record(connection, some)


def _await_drained(database: Database) -> None:
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        with database.read() as connection:
            if counts(connection).waiting == 0:
                return
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"the backlog was not drained within {_PATIENCE_SECONDS:g} s")


def _processor_seconds() -> float:
    """Of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

"""How long an event takes through the whole product while nothing else goes on."""

import json
import queue
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.simulators.enos.hub import Hub
from app.store import deliveries
from app.store.database import Database
from benchmarks import mqtt, servers
from benchmarks.bodies import Template
from benchmarks.connection import Connection

_PAUSE_SECONDS = (0.1, 0.3)
_PATIENCE_SECONDS = 15.0
_POLL_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds from the start of each POST: to its reply, to EnOS's side, to the settled outbox row."""

    replied: list[float]
    relayed: list[float]
    settled: list[float]


@dataclass(frozen=True, slots=True)
class _Product:
    """The running product as this process sees it; `arrivals` gets the time of each message at the hub."""

    connection: Connection
    database: Database
    arrivals: "queue.SimpleQueue[float]"


def measure(folder: Path, count: int) -> Latencies:
    """Post `count` events one at a time, with random pauses, and follow each until it is settled."""
    template = Template("json")
    with mqtt.broker(folder) as broker_url, _product(folder, broker_url) as product:
        _follow(product, template.request(0))  # it waits for the forwarder to connect
        times = [_follow(product, template.request(number)) for number in range(1, count + 1)]
    replied, relayed, settled = map(list, zip(*times, strict=True))
    return Latencies(replied, relayed, settled)


@contextmanager
def _product(folder: Path, broker_url: str) -> Iterator[_Product]:
    url = f"sqlite:///{folder / 'latency.db'}"
    arrivals: queue.SimpleQueue[float] = queue.SimpleQueue()
    with ExitStack() as stack:
        port = stack.enter_context(servers.receiver(folder, url)).port
        hub = Hub(broker_url, on_message=lambda _topic, _verdict: arrivals.put(time.perf_counter()))
        stack.enter_context(hub)
        stack.enter_context(mqtt.forwarder(folder, url, broker_url))
        database = stack.enter_context(closing(Database(url)))
        yield _Product(stack.enter_context(closing(Connection(port))), database, arrivals)


def _follow(product: _Product, request: bytes) -> tuple[float, float, float]:
    time.sleep(random.uniform(*_PAUSE_SECONDS))
    started = time.perf_counter()
    status, body = product.connection.post(request)
    replied = time.perf_counter()
    if status != 200:
        raise RuntimeError(f"the receiver answered {status}: {body[:500]!r}")
    relayed = product.arrivals.get(timeout=_PATIENCE_SECONDS)
    settled = _await_settled(product.database, json.loads(body)["data"]["id"])
    return replied - started, relayed - started, settled - started


def _await_settled(database: Database, event_id: str) -> float:
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        with database.read() as connection:
            newest = deliveries.listed(connection, None, 1)[0]
        if str(newest.event_id) == event_id and newest.settled_at:
            return time.perf_counter()
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"event {event_id} was not settled within {_PATIENCE_SECONDS:g} s")

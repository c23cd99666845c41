"""Puts a forwarder together, one worker a channel, and runs it."""

import random
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing

import structlog
from structlog.contextvars import bind_contextvars

from app.config import Settings
from app.enos.channel import Channel
from app.enos.setup import Setup, load_setup
from app.errors import StoreUnavailable
from app.forwarder.claims import Claims
from app.forwarder.lease import Lease
from app.forwarder.pacing import ConnectPacer
from app.forwarder.relay import Relay
from app.forwarder.results import Results
from app.forwarder.worker import Worker
from app.store import outbox
from app.store.database import Database
from app.store.looks import Looks

ROUTE_SECONDS = 10.0
_SLICE = 1000  # rows

log = structlog.get_logger(__name__)


def forward(settings: Settings, stop: threading.Event) -> None:
    """Relay events to EnOS until `stop` is set; without EnOS settings, say so once and wait.

    A channel whose worker fails ends all: the whole forwarder is then started anew.

    Raises:
        MappingError: the mapping file is wrong.
        SettingsError: mapping file and settings don't go together.
    """
    setup = load_setup(settings)
    if not setup.channels:
        log.warning("forwarder_idle", reason="ENOS_BROKER_URL is not set: events wait in the outbox")
        stop.wait()
        return
    _route_anew(settings, setup)
    with ThreadPoolExecutor(len(setup.channels), "channel") as workers:
        running = [workers.submit(_run_channel, name, settings, setup, stop) for name in setup.channels]
        while not wait(running, ROUTE_SECONDS, FIRST_COMPLETED).done:
            _route_again(settings, setup)
        stop.set()
    for worker in running:
        worker.result()


def _route_anew(settings: Settings, setup: Setup) -> None:
    """Free what waits for a channel that is there no longer, a slice at a time."""
    with closing(Database.of(settings)) as database:
        while ids := _strays(database, setup):
            with database.write() as connection:
                outbox.route_anew(connection, ids)
            log.info("routed_anew", deliveries=len(ids))


def _route_again(settings: Settings, setup: Setup) -> None:
    """The same later: at the start the lease of a channel's last holder may not have ended yet."""
    try:
        _route_anew(settings, setup)
    except StoreUnavailable as error:
        log.error("store_unavailable", reason=str(error))


def _strays(database: Database, setup: Setup) -> list[int]:
    with database.read() as connection:
        return outbox.strays(connection, list(setup.channels), _SLICE)


def _run_channel(name: str, settings: Settings, setup: Setup, stop: threading.Event) -> None:
    bind_contextvars(channel=name)
    rng = random.Random()  # noqa: S311 - jitter, no secret
    with closing(Database.of(settings)) as database, closing(Looks(database)) as looks:
        lease = Lease(database, name)
        results = Results(database, rng)
        claims = Claims(
            database,
            name,
            lease.forwarder_id,
            setup.mapping,
            settings.enos_events,
            results,
            setup.links,
            looks.is_time,
        )
        channel = Channel(setup.channels[name])
        relay = Relay(claims, results, channel, setup.mapping.mode, rng, lambda: lease.is_held)
        Worker(name, database, lease, channel, relay, ConnectPacer(rng)).run(stop)

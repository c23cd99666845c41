"""Puts a forwarder together, one worker a channel, and runs it."""

import random
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from uuid import uuid4

import structlog
from structlog.contextvars import bind_contextvars

from app.config import Settings
from app.enos.channel import Channel
from app.enos.setup import Setup, load_setup
from app.forwarder.claims import Claims
from app.forwarder.lease import Lease
from app.forwarder.pacing import ConnectPacer
from app.forwarder.relay import Relay
from app.forwarder.results import Results
from app.forwarder.worker import Worker
from app.store import outbox
from app.store.database import Database

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
        wait(running, return_when=FIRST_COMPLETED)
        stop.set()
    for worker in running:
        worker.result()


def _route_anew(settings: Settings, setup: Setup) -> None:
    """Free what waits for a channel that is there no longer."""
    with closing(Database(settings.database_url)) as database, database.write() as connection:
        outbox.route_anew(connection, list(setup.channels))


def _run_channel(name: str, settings: Settings, setup: Setup, stop: threading.Event) -> None:
    bind_contextvars(channel=name)
    rng = random.Random()  # noqa: S311 - jitter, no secret
    with closing(Database(settings.database_url)) as database:
        connection = Channel(setup.channels[name])
        results = Results(database, rng)
        claims = Claims(database, name, uuid4(), setup.mapping, settings.enos_events, results, setup.links)
        relay = Relay(claims, results, connection, setup.mapping.mode, rng)
        Worker(name, database, Lease(database, name), connection, relay, ConnectPacer(rng)).run(stop)

"""Puts a forwarder together, one worker a channel, and runs it."""

import random
import threading
from contextlib import closing
from uuid import uuid4

import structlog

from app.config import Settings
from app.enos.channel import Channel
from app.enos.endpoint import Endpoint, endpoint
from app.enos.mapping import DEFAULT_CHANNEL, Mapping
from app.enos.mapping_file import load_mapping
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

    Raises:
        MappingError: the mapping file is wrong.
    """
    mapping = load_mapping(settings.enos_mapping)
    if settings.enos_broker_url is None:
        log.warning("forwarder_idle", reason="ENOS_BROKER_URL is not set: events wait in the outbox")
        stop.wait()
        return
    _route_anew(settings, [DEFAULT_CHANNEL])
    _run_channel(DEFAULT_CHANNEL, endpoint(settings), settings, mapping, stop)


def _route_anew(settings: Settings, channels: list[str]) -> None:
    """Free what waits for a channel that the settings no longer name."""
    with closing(Database(settings.database_url)) as database, database.write() as connection:
        outbox.route_anew(connection, channels)


def _run_channel(
    name: str, endpoint: Endpoint, settings: Settings, mapping: Mapping, stop: threading.Event
) -> None:
    rng = random.Random()  # noqa: S311 - jitter, no secret
    with closing(Database(settings.database_url)) as database:
        connection = Channel(endpoint)
        results = Results(database, rng)
        claims = Claims(database, name, uuid4(), mapping, settings.enos_events, results)
        relay = Relay(claims, results, connection, mapping.mode, rng)
        Worker(name, database, Lease(database, name), connection, relay, ConnectPacer(rng)).run(stop)

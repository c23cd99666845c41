"""A relay put together for a test."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.ids import new_id
from app.enos.mapping.mapping import DEFAULT_MAPPING, Mapping
from app.forwarder.claims import Claims
from app.forwarder.relay import Exchange, Relay
from app.forwarder.results import Results
from app.store import channels
from app.store.database import Database
from app.store.deliveries import Delivery, listed
from app.store.models import OutboxRow

_UNSETTLED = select(OutboxRow.id).where(OutboxRow.settled_at.is_(None)).limit(1)


def relay_for(
    database: Database,
    exchange: Exchange,
    mapping: Mapping = DEFAULT_MAPPING,
    enos_events: str = "both",
    forwarder_id: UUID | None = None,
    is_time: Callable[[], bool] = lambda: True,
) -> Relay:
    """A relay of the channel `enos` whose connection was just opened.

    Without `forwarder_id` it holds the channel for half a minute.
    """
    rng = random.Random(1)
    results = Results(database, rng)
    forwarder_id = forwarder_id or holder(database)
    claims = Claims(database, "enos", forwarder_id, mapping, enos_events, results, is_time=is_time)
    relay = Relay(claims, results, exchange, mapping.mode, rng)
    relay.begin()
    return relay


def holder(database: Database, channel: str = "enos") -> UUID:
    """Take a channel for half a minute; gives who holds it."""
    now = datetime.now(UTC)
    forwarder = Forwarder(new_id(), channel, "test", 1, now, now, ForwarderState.HEALTHY, None, now)
    with database.write() as connection:
        assert channels.beat(connection, forwarder, timedelta(seconds=30)) == 0
    return forwarder.id


def step_until(relay: Relay, condition: Callable[[], object], seconds: float = 15) -> None:
    """Step until something is true; fail if it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        relay.step()


def deliveries(database: Database) -> list[Delivery]:
    """All rows of the outbox, the newest first."""
    with database.read() as connection:
        return listed(connection, None, 10_000)


def all_settled(database: Database) -> Callable[[], bool]:
    """Whether no row waits any more; of many rows one is read, for this is asked often."""

    def is_settled() -> bool:
        with database.read() as connection:
            return connection.execute(_UNSETTLED).first() is None

    return is_settled

"""Channels: who holds each, by a lease; when each was connected; and every forwarder's heartbeat."""

import dataclasses
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from app.domain.forwarders import DEAD_AFTER, Forwarder, ForwarderState
from app.store import clock, delivery_counts, outbox
from app.store.models import ChannelConnectRow, ChannelRow, ForwarderRow
from app.store.statements import insert_into, insert_missing

_CLOCK_WAS_AHEAD = timedelta(seconds=60)  # no lease lasts so long: the clock was put back
_CLOCK_SECONDS = 5.0  # a connect that is further in the future was noted by a wrong clock
_FORGOTTEN_AFTER = timedelta(hours=1)  # connects, and forwarders that died: so long a person may ask for them


def beat(connection: Connection, forwarder: Forwarder, lease: timedelta) -> float:
    """Write a forwarder's heartbeat, and take, keep or ask for its channel.

    Returns the seconds for which another one holds the channel; 0 if this one does, for `lease` from now.
    """
    present = clock.now(connection)
    _write_heartbeat(connection, forwarder, present)
    delivery_counts.forget_old(connection, present)
    connection.execute(insert_missing(connection, ChannelRow).values(name=forwarder.channel))
    is_over = (ChannelRow.lease_until < present) | (ChannelRow.lease_until > present + _CLOCK_WAS_AHEAD)
    is_free = ChannelRow.holder.is_(None) | is_over
    statement = (
        update(ChannelRow)
        .where(_named(forwarder.channel), is_free | (ChannelRow.holder == forwarder.id))
        .values(holder=forwarder.id, lease_until=present + lease)
    )
    if connection.execute(statement).rowcount:
        _forget_dead(connection, forwarder.channel, present)
        outbox.hurry(connection, forwarder.channel, present)
        return 0.0
    lease_until = connection.execute(select(ChannelRow.lease_until).where(_named(forwarder.channel)))
    return max(0.1, ((lease_until.scalar() or present) - present).total_seconds())


def lock(connection: Connection, channel: str) -> None:
    """Make others who lock this channel, or beat for it, wait until the transaction ends.

    What is read behind it can't change by another's hand. On SQLite every write transaction waits anyway.
    """
    connection.execute(insert_missing(connection, ChannelRow).values(name=channel))
    connection.execute(select(ChannelRow.name).where(_named(channel)).with_for_update())


def is_held_by(connection: Connection, channel: str, forwarder_id: UUID) -> bool:
    """Whether a forwarder holds a channel, and will until this transaction ends."""
    query = select(ChannelRow.name).where(
        _named(channel), ChannelRow.holder == forwarder_id, ChannelRow.lease_until >= clock.now(connection)
    )
    return connection.scalar(query.with_for_update(read=True)) is not None


def leave(connection: Connection, forwarder_id: UUID) -> None:
    """End a forwarder's heartbeat, and free the channel if it holds it."""
    connection.execute(
        update(ChannelRow).where(ChannelRow.holder == forwarder_id).values(holder=None, lease_until=None)
    )
    connection.execute(delete(ForwarderRow).where(ForwarderRow.id == forwarder_id))


def holder_of(connection: Connection, channel: str) -> Forwarder | None:
    """The forwarder that holds a channel now, if one does."""
    is_held = ChannelRow.lease_until >= clock.now(connection)
    holder = connection.scalar(select(ChannelRow.holder).where(_named(channel), is_held))
    return next((found for found in forwarders(connection) if found.id == holder), None)


def forwarders(connection: Connection) -> list[Forwarder]:
    """All that beat within the last hour, by channel, the longest at work first."""
    query = select(*ForwarderRow.__table__.columns).order_by(ForwarderRow.channel, ForwarderRow.started_at)
    rows = [row._asdict() for row in connection.execute(query)]
    return [Forwarder(**row | {"state": ForwarderState(row["state"])}) for row in rows]


def note_connect(connection: Connection, channel: str) -> None:
    """Remember that somebody connects to EnOS by this channel now."""
    present = clock.now(connection)
    connection.execute(delete(ChannelConnectRow).where(ChannelConnectRow.at < present - _FORGOTTEN_AFTER))
    connection.execute(insert(ChannelConnectRow).values(channel=channel, at=present))


def connect_ages(connection: Connection, channel: str) -> list[float]:
    """How many seconds ago each connect of the last hour was, the oldest first."""
    present = clock.now(connection)
    query = select(ChannelConnectRow.at).where(ChannelConnectRow.channel == channel)
    found = connection.scalars(query.order_by(ChannelConnectRow.at))
    ages = [(present - at).total_seconds() for at in found]
    return [max(0.0, age) for age in ages if -_CLOCK_SECONDS < age < _FORGOTTEN_AFTER.total_seconds()]


def _write_heartbeat(connection: Connection, forwarder: Forwarder, present: datetime) -> None:
    values = dataclasses.asdict(forwarder) | {"heartbeat_at": present}
    statement = insert_into(connection, ForwarderRow).values(values)
    news = {name: values[name] for name in ("heartbeat_at", "state", "reason", "state_since")}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=news))
    connection.execute(delete(ForwarderRow).where(ForwarderRow.heartbeat_at < present - _FORGOTTEN_AFTER))


def _forget_dead(connection: Connection, channel: str, present: datetime) -> None:
    """Their work has gone on with who holds the channel now."""
    is_dead = ForwarderRow.heartbeat_at < present - DEAD_AFTER
    connection.execute(delete(ForwarderRow).where(ForwarderRow.channel == channel, is_dead))


def _named(channel: str) -> ColumnElement[bool]:
    return ChannelRow.name == channel

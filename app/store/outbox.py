"""The outbox: which events EnOS still has to be told of, and what became of the others."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Update, bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from app.domain.delivery import LONGEST_RETRY_SECONDS, DeliveryState
from app.domain.events import FaceEvent
from app.domain.times import EPOCH
from app.store import clock, counters, delivery_attempts, delivery_counts
from app.store.driver import Insert
from app.store.models import ChannelRow, OutboxRow
from app.store.settlements import Claimed, Settlement
from app.store.statements import is_one_of
from app.store.states import is_in

UNROUTED = ""
"""The channel of rows for which none has been chosen yet."""

_INSERT = Insert(OutboxRow, ("event_id", "state", "due_at", "attempts"))


_IS_PENDING = is_in(DeliveryState.PENDING)
_IS_CLAIMED = is_in(DeliveryState.CLAIMED)


def add(connection: Connection, events: Sequence[FaceEvent]) -> None:
    """Put events into the outbox, due at once."""
    # Due at once, whatever the clocks of two machines say, and in the order of ids.
    rows = [(event.id, DeliveryState.PENDING, EPOCH, 0) for event in events]
    _INSERT.execute(connection, rows)


def anything_due(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether a claim would find something: a cheap look that takes no lock."""
    return connection.scalar(_ANYTHING_DUE, {"channel": channel, "now": now}) is not None


def claim(connection: Connection, channel: str, token: UUID, now: datetime, limit: int) -> list[Claimed]:
    """Take up to `limit` rows that are due: the channel's own, and those that no channel has yet.

    Each of the two gets half, if there are so many, the oldest first: what is tried again for ever must not
    hold up what is new. All are the channel's from then on; `token` is what a settle must match.
    """
    own = _claim(connection, channel, channel, token, now, (limit + 1) // 2)
    new = _claim(connection, UNROUTED, channel, token, now, limit - len(own))
    return own + new + _claim(connection, channel, channel, token, now, limit - len(own) - len(new))


def free(connection: Connection, token: UUID) -> None:
    """Undo a claim of which nobody knows whether it was made."""
    theirs = _IS_CLAIMED & (OutboxRow.claim == token)
    connection.execute(update(OutboxRow).where(theirs).values(_DUE_AT_ONCE))


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> int:
    """Write back what became of claimed rows; returns how many were still ours.

    A row that another claim has taken since is left alone. One that is pending again may still be settled
    by the claim it had: EnOS's reply came late. Attempts that failed, and the figures of the relay page, are
    written for those that were ours.
    """
    by_state = defaultdict(list)
    for settlement in settlements:
        by_state[settlement.state].append(settlement)
    settled = {state: _settle(connection, some, now) for state, some in by_state.items()}
    delivered = settled.get(DeliveryState.DELIVERED, [])
    failed = [one for some in settled.values() if some is not delivered for one in some if one.has_failed]
    delivery_attempts.record(connection, failed, now)
    delivery_counts.add(connection, delivered, failed, now)
    numbers = {state: len(some) for state, some in settled.items()}
    counters.add_deliveries(connection, numbers)
    return sum(numbers.values())


def hand_over(connection: Connection, rows: Mapping[Claimed, str]) -> None:
    """Give claimed rows to the channel that is named for each, due at once."""
    alike: defaultdict[tuple[str, UUID], list[int]] = defaultdict(list)
    for row, name in rows.items():
        alike[name, row.claim].append(row.id)
    statement = _handing_over(connection.dialect.name)
    for (name, token), ids in alike.items():
        connection.execute(statement, {"ids": ids, "token": token, "new_channel": name})


def release(connection: Connection, channel: str) -> int:
    """Make all that is claimed for a channel due at once; for who has just taken the channel over.

    It is routed anew, for what was claimed may never have been looked at.
    """
    theirs = _IS_CLAIMED & (OutboxRow.channel == channel)
    values = {**_DUE_AT_ONCE, "channel": UNROUTED}
    return connection.execute(update(OutboxRow).where(theirs).values(values)).rowcount


def hurry(connection: Connection, channel: str, now: datetime) -> None:
    """Make due at once what would wait longer than any retry does: the clock was put back meanwhile."""
    latest = now + timedelta(seconds=LONGEST_RETRY_SECONDS)
    waits = _IS_PENDING & (OutboxRow.channel == channel) & (OutboxRow.due_at > latest)
    connection.execute(update(OutboxRow).where(waits).values(due_at=EPOCH))


def strays(connection: Connection, channels: Sequence[str], limit: int) -> list[int]:
    """Some rows that wait for a channel that is none of these, and that nobody holds."""
    held = select(ChannelRow.name).where(ChannelRow.lease_until >= clock.now(connection))
    names = {name for is_so in (_IS_PENDING, _IS_CLAIMED) for name in channels_of(connection, is_so)}
    lost = names - set(connection.scalars(held)) - {*channels, UNROUTED}
    query = select(OutboxRow.id).where(_IS_PENDING | _IS_CLAIMED, OutboxRow.channel.in_(lost))
    return list(connection.scalars(query.limit(limit))) if lost else []


def route_anew(connection: Connection, ids: Sequence[int]) -> None:
    """Take rows that wait from the channel that they have."""
    values = {**_DUE_AT_ONCE, "channel": UNROUTED}
    waits = _IS_PENDING | _IS_CLAIMED
    connection.execute(update(OutboxRow).where(waits, OutboxRow.id.in_(ids)).values(values))


def channels_of(connection: Connection, is_so: ColumnElement[bool]) -> Iterator[str]:
    """The channels of such rows, by a look at the index for each: there may be millions of rows."""
    query = select(func.min(OutboxRow.channel)).where(is_so)
    name = connection.scalar(query)
    while name is not None:
        yield name
        name = connection.scalar(query.where(OutboxRow.channel > name))


def is_abandoned(connection: Connection) -> ColumnElement[bool]:
    """Whether a row is claimed for a channel that nobody holds now: its forwarder ended without a word."""
    is_over = ChannelRow.lease_until.is_(None) | (ChannelRow.lease_until < clock.now(connection))
    return _IS_CLAIMED & OutboxRow.channel.in_(select(ChannelRow.name).where(is_over))


def _claim(
    connection: Connection, source: str, channel: str, token: UUID, now: datetime, limit: int
) -> list[Claimed]:
    if not limit:
        return []
    values = {"source": source, "now": now, "most": limit, "new_channel": channel, "token": token}
    rows = sorted(connection.execute(_CLAIM, values), key=attrgetter("id"))
    return [Claimed(outbox_id, event_id, attempts, channel, token) for outbox_id, event_id, attempts in rows]


def _settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> list[Settlement]:
    """Write settlements of one state; those that are alike are one statement. Gives those that were ours."""
    alike: defaultdict[tuple[Any, ...], dict[int, Settlement]] = defaultdict(dict)
    for settlement in settlements:
        (outbox_id, _, _, channel, claim), *values = settlement
        alike[channel, claim, *values][outbox_id] = settlement
    statement, settled = _settling(connection.dialect.name), []
    for new, some in alike.items():
        parameters = _settled(list(some), *new, now=now)
        settled += [some[outbox_id] for outbox_id in connection.scalars(statement, parameters).all()]
    return settled


_DUE_AT_ONCE = {"state": DeliveryState.PENDING, "due_at": EPOCH, "claim": None}
_ANYTHING_DUE = (
    select(OutboxRow.id)
    .where(
        _IS_PENDING,
        OutboxRow.channel.in_([bindparam("channel"), UNROUTED]),
        OutboxRow.due_at <= bindparam("now"),
    )
    .limit(1)
)
_DUE = (  # a CTE: inline, PostgreSQL may evaluate the locking SELECT more than once
    select(OutboxRow.id)
    .where(_IS_PENDING, OutboxRow.channel == bindparam("source"), OutboxRow.due_at <= bindparam("now"))
    .order_by(OutboxRow.due_at, OutboxRow.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = (
    update(OutboxRow)
    .where(OutboxRow.id.in_(select(_DUE.c.id)))
    .values(state=DeliveryState.CLAIMED, claim=bindparam("token"), channel=bindparam("new_channel"))
    .returning(OutboxRow.id, OutboxRow.event_id, OutboxRow.attempts)
)


@cache
def _handing_over(dialect_name: str) -> Update:
    return (
        update(OutboxRow)
        .where(is_one_of(dialect_name, OutboxRow.id, "ids"), OutboxRow.claim == bindparam("token"))
        .values({**_DUE_AT_ONCE, "channel": bindparam("new_channel")})
    )


@cache
def _settling(dialect_name: str) -> ReturningUpdate[int]:
    names = ("channel", "state", "due_at", "attempts", "code", "reason", "settled_at")
    columns = OutboxRow.__table__.c
    return (
        update(OutboxRow)
        .where(
            is_one_of(dialect_name, OutboxRow.id, "ids"),
            OutboxRow.claim == bindparam("token"),
            OutboxRow.settled_at.is_(None),  # pending or claimed
        )
        .values({name: bindparam(f"new_{name}", type_=columns[name].type) for name in names})
        .returning(OutboxRow.id)
    )


def _settled(
    ids: list[int],
    claimed_channel: str,
    token: UUID,
    state: DeliveryState,
    attempts: int,
    due_at: datetime,
    code: int | None,
    reason: str | None,
    channel: str | None,
    *,
    now: datetime,
) -> dict[str, object]:
    return {
        "ids": ids,
        "token": token,
        "new_channel": claimed_channel if channel is None else channel,
        "new_state": state,
        "new_due_at": due_at,
        "new_attempts": attempts,
        "new_code": code,
        "new_reason": reason,
        "new_settled_at": None if state == DeliveryState.PENDING else now,
    }

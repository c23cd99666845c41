"""The outbox: which events EnOS still has to be told of, and what became of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, insert, literal, select, update

from app.domain.delivery import DeliveryState
from app.domain.events import FaceEvent
from app.domain.times import EPOCH
from app.store import clock
from app.store.models import ChannelRow, OutboxRow

UNROUTED = ""
"""The channel of rows for which none has been chosen yet."""

_SHOWN = (
    OutboxRow.id,
    OutboxRow.event_id,
    OutboxRow.channel,
    OutboxRow.state,
    OutboxRow.due_at,
    OutboxRow.attempts,
    OutboxRow.code,
    OutboxRow.reason,
    OutboxRow.settled_at,
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that the channel's holder is sending. `attempts` counts the earlier, failed ones."""

    id: int
    event_id: UUID
    attempts: int
    claim: UUID


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is written back for a claimed row.

    `attempts` is the new count. `due_at` matters only for pending rows. `code` is EnOS's, `reason` is for a
    person; both are None where there is nothing to say.
    """

    claimed: Claimed
    state: DeliveryState
    attempts: int
    due_at: datetime
    code: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row as people see it."""

    id: int
    event_id: UUID
    channel: str
    state: str
    due_at: datetime
    attempts: int
    code: int | None
    reason: str | None
    settled_at: datetime | None


def add(connection: Connection, events: Sequence[FaceEvent]) -> None:
    """Put events into the outbox, due at once."""
    if events:
        connection.execute(insert(OutboxRow), [_new_row(event) for event in events])


def anything_due(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether a claim would find something: a cheap look that takes no lock."""
    return any(connection.scalar(_due(name, now, 1)) is not None for name in (channel, UNROUTED))


def claim(connection: Connection, channel: str, token: UUID, now: datetime, limit: int) -> list[Claimed]:
    """Take up to `limit` rows that are due: the channel's own first, then those that no channel has yet.

    The oldest of each come first. All are the channel's from then on; `token` is what a settle must match.
    """
    own = _claim(connection, channel, channel, token, now, limit)
    return own + _claim(connection, UNROUTED, channel, token, now, limit - len(own))


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> int:
    """Write back what became of claimed rows; returns how many were still ours.

    A row that another claim has taken since is left alone. One that is pending again may still be settled
    by the claim it had: EnOS's reply came late.
    """
    if not settlements:
        return 0
    return connection.execute(_SETTLE, [_settled(settlement, now) for settlement in settlements]).rowcount


def hand_over(connection: Connection, rows: Mapping[Claimed, str]) -> None:
    """Give claimed rows to the channel that is named for each, due at once."""
    if rows:
        parameters = [{"row_id": r.id, "token": r.claim, "new_channel": name} for r, name in rows.items()]
        connection.execute(_HAND_OVER, parameters)


def release(connection: Connection, channel: str) -> int:
    """Make all that is claimed for a channel due at once; for who has just taken the channel over."""
    theirs = (OutboxRow.channel == channel) & (OutboxRow.state == DeliveryState.CLAIMED)
    return connection.execute(update(OutboxRow).where(theirs).values(_DUE_AT_ONCE)).rowcount


def route_anew(connection: Connection, channels: Sequence[str]) -> int:
    """Take what waits for a channel that is none of these, and that nobody holds; returns how many rows."""
    held = select(ChannelRow.name).where(ChannelRow.lease_until >= clock.now(connection))
    strays = (
        OutboxRow.state.in_([DeliveryState.PENDING, DeliveryState.CLAIMED])
        & OutboxRow.channel.not_in([*channels, UNROUTED])
        & OutboxRow.channel.not_in(held)
    )
    values = {**_DUE_AT_ONCE, "channel": UNROUTED}
    return connection.execute(update(OutboxRow).where(strays).values(values)).rowcount


def listed(
    connection: Connection,
    state: DeliveryState | None,
    limit: int,
    *,
    code: int | None = None,
    channel: str | None = None,
) -> list[Delivery]:
    """The newest rows, of one state or of all, with one code or any, of one channel or of all."""
    query = select(*_SHOWN).order_by(OutboxRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(OutboxRow.state == state)
    if code is not None:
        query = query.where(OutboxRow.code == code)
    if channel is not None:
        query = query.where(OutboxRow.channel == channel)
    return [Delivery(*row) for row in connection.execute(query)]


def get(connection: Connection, outbox_id: int) -> Delivery | None:
    """One row, or None."""
    row = connection.execute(select(*_SHOWN).where(OutboxRow.id == outbox_id)).one_or_none()
    return None if row is None else Delivery(*row)


def _new_row(event: FaceEvent) -> dict[str, object]:
    return {
        "event_id": event.id,
        "state": DeliveryState.PENDING,
        "due_at": EPOCH,  # at once, whatever the clocks of two machines say, and in the order of ids
        "attempts": 0,
    }


def _claim(
    connection: Connection, source: str, channel: str, token: UUID, now: datetime, limit: int
) -> list[Claimed]:
    if not limit:
        return []
    # In a CTE: inline, PostgreSQL may evaluate the locking SELECT more than once.
    due = _due(source, now, limit).with_for_update(skip_locked=True).cte("due")
    statement = (
        update(OutboxRow)
        .where(OutboxRow.id.in_(select(due.c.id)))
        .values(state=DeliveryState.CLAIMED, claim=token, channel=channel)
        .returning(OutboxRow.id, OutboxRow.event_id, OutboxRow.attempts)
    )
    rows = sorted(connection.execute(statement))
    return [Claimed(outbox_id, event_id, attempts, token) for outbox_id, event_id, attempts in rows]


def _due(channel: str, now: datetime, limit: int) -> Select[int]:
    # A literal, no parameter: else neither database sees that the index of pending rows serves.
    pending = literal(DeliveryState.PENDING.value, literal_execute=True)
    return (
        select(OutboxRow.id)
        .where(OutboxRow.state == pending, OutboxRow.channel == channel, OutboxRow.due_at <= now)
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(limit)
    )


_DUE_AT_ONCE = {"state": DeliveryState.PENDING, "due_at": EPOCH, "claim": None}
_HAND_OVER = (
    update(OutboxRow)
    .where(OutboxRow.id == bindparam("row_id"), OutboxRow.claim == bindparam("token"))
    .values({**_DUE_AT_ONCE, "channel": bindparam("new_channel")})
)
_SETTLE = (
    update(OutboxRow)
    .where(
        OutboxRow.id == bindparam("row_id"),
        OutboxRow.claim == bindparam("token"),
        (OutboxRow.state == DeliveryState.CLAIMED) | (OutboxRow.state == DeliveryState.PENDING),
    )
    .values(
        {
            name: bindparam(f"new_{name}", type_=OutboxRow.__table__.c[name].type)
            for name in ("state", "due_at", "attempts", "code", "reason", "settled_at")
        }
    )
)


def _settled(settlement: Settlement, now: datetime) -> dict[str, object]:
    return {
        "row_id": settlement.claimed.id,
        "token": settlement.claimed.claim,
        "new_state": settlement.state,
        "new_due_at": settlement.due_at,
        "new_attempts": settlement.attempts,
        "new_code": settlement.code,
        "new_reason": settlement.reason,
        "new_settled_at": None if settlement.state == DeliveryState.PENDING else now,
    }

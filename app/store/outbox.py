"""The outbox: which events EnOS still has to be told of, and what became of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, Select, insert, select, update

from app.domain.delivery import DeliveryState
from app.domain.events import FaceEvent
from app.domain.times import EPOCH
from app.store.models import OutboxRow

_RETRIED = (DeliveryState.PENDING, DeliveryState.PARKED, DeliveryState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row this worker holds until its lease ends. `attempts` counts the earlier, failed ones."""

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


def anything_due(connection: Connection, now: datetime) -> bool:
    """Whether a claim would find something: a cheap look that takes no lock."""
    return connection.scalar(_due(now, 1)) is not None


def claim(connection: Connection, now: datetime, lease: timedelta, limit: int) -> list[Claimed]:
    """Take up to `limit` rows that are due, or whose holder let the lease end, the oldest first."""
    # In a CTE: inline, PostgreSQL may evaluate the locking SELECT more than once.
    due = _due(now, limit).with_for_update(skip_locked=True).cte("due")
    token = uuid4()
    statement = (
        update(OutboxRow)
        .where(OutboxRow.id.in_(select(due.c.id)))
        .values(state=DeliveryState.CLAIMED, claim=token, due_at=now + lease)
        .returning(OutboxRow.id, OutboxRow.event_id, OutboxRow.attempts)
    )
    rows = sorted(connection.execute(statement))
    return [Claimed(outbox_id, event_id, attempts, token) for outbox_id, event_id, attempts in rows]


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> int:
    """Write back what became of claimed rows; returns how many were still ours.

    A row that another worker has claimed since is left alone.
    """
    return sum(_settle_one(connection, settlement, now) for settlement in settlements)


def listed(connection: Connection, state: DeliveryState | None, limit: int) -> list[Delivery]:
    """The newest rows, of one state or of all."""
    query = select(
        OutboxRow.id,
        OutboxRow.event_id,
        OutboxRow.state,
        OutboxRow.due_at,
        OutboxRow.attempts,
        OutboxRow.code,
        OutboxRow.reason,
        OutboxRow.settled_at,
    )
    if state:
        query = query.where(OutboxRow.state == state)
    rows = connection.execute(query.order_by(OutboxRow.id.desc()).limit(limit))
    return [Delivery(*row) for row in rows]


def retry(connection: Connection, now: datetime, chosen: Sequence[int] | DeliveryState) -> int:
    """Make rows due now: these, unless claimed or delivered, or all of a state; returns how many.

    They start over with no attempts behind them.
    """
    ours = (
        OutboxRow.state == chosen
        if isinstance(chosen, DeliveryState)
        else OutboxRow.id.in_(chosen) & OutboxRow.state.in_(_RETRIED)
    )
    statement = (
        update(OutboxRow)
        .where(ours)
        .values(state=DeliveryState.PENDING, due_at=now, attempts=0, settled_at=None)
    )
    return connection.execute(statement).rowcount


def _new_row(event: FaceEvent) -> dict[str, object]:
    return {
        "event_id": event.id,
        "state": DeliveryState.PENDING,
        "due_at": EPOCH,  # at once, whatever the clocks of two machines say, and in the order of ids
        "attempts": 0,
    }


def _due(now: datetime, limit: int) -> Select[int]:
    return (
        select(OutboxRow.id)
        .where(OutboxRow.settled_at.is_(None), OutboxRow.due_at <= now)
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(limit)
    )


def _settle_one(connection: Connection, settlement: Settlement, now: datetime) -> int:
    ours = (OutboxRow.id == settlement.claimed.id) & (OutboxRow.claim == settlement.claimed.claim)
    statement = (
        update(OutboxRow)
        .where(ours, OutboxRow.state == DeliveryState.CLAIMED)
        .values(
            state=settlement.state,
            due_at=settlement.due_at,
            attempts=settlement.attempts,
            code=settlement.code,
            reason=settlement.reason,
            claim=None,
            settled_at=None if settlement.state == DeliveryState.PENDING else now,
        )
    )
    return connection.execute(statement).rowcount

"""Deliveries: the outbox's rows as people see them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from app.domain.delivery import DeliveryState
from app.store.models import DeliveryAttemptRow, OutboxRow
from app.store.states import is_in

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


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that did not simply deliver. `number`: how many attempts counted by then; see `outbox`."""

    number: int
    at: datetime
    code: int | None
    reason: str | None


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
        query = query.where(is_in(state))
    if code is not None:
        query = query.where(OutboxRow.code == code)
    if channel is not None:
        query = query.where(OutboxRow.channel == channel)
    return [Delivery(*row) for row in connection.execute(query)]


def get(connection: Connection, outbox_id: int) -> Delivery | None:
    """One row, or None."""
    row = connection.execute(select(*_SHOWN).where(OutboxRow.id == outbox_id)).one_or_none()
    return None if row is None else Delivery(*row)


def of_event(connection: Connection, event_id: UUID) -> Delivery | None:
    """The delivery of an event, or None where there is no such event."""
    row = connection.execute(select(*_SHOWN).where(OutboxRow.event_id == event_id)).one_or_none()
    return None if row is None else Delivery(*row)


def attempts_of(connection: Connection, event_id: UUID) -> list[Attempt]:
    """The attempts to deliver an event that failed, the oldest first; the last 20, if there were more."""
    names = ("number", "at", "code", "reason")
    query = (
        select(*(getattr(DeliveryAttemptRow, name) for name in names))
        .join(OutboxRow, OutboxRow.id == DeliveryAttemptRow.outbox_id)
        .where(OutboxRow.event_id == event_id)
        .order_by(DeliveryAttemptRow.id)
    )
    return [Attempt(*row) for row in connection.execute(query)]

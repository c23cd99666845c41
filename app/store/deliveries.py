"""Deliveries: the outbox's rows as people see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from app.domain.delivery import DeliveryState
from app.store.delivery_attempts import MOST_KEPT
from app.store.models import DeliveryAttemptRow, OutboxRow
from app.store.states import is_in

MOST_LOOKED_AT = 20_000
"""Deliveries that one page looks through, so that it comes at once however few of them match."""

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


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, newest first. `before` leads to the next page, None where there is none."""

    deliveries: Sequence[Delivery]
    before: int | None


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


def page(
    connection: Connection, state: DeliveryState | None, channel: str | None, limit: int, before: int | None
) -> DeliveryPage:
    """The newest deliveries with ids below `before`, of one state and channel or of any.

    Where no index holds just those, a page may end early: it looks through MOST_LOOKED_AT of all.
    """
    has_index = state is not DeliveryState.DELIVERED and not _too_many_wait(connection, state)
    newest = _newest(state if has_index else None, before)
    is_whole = has_index and channel is None
    looked_at = newest.limit(limit + 1 if is_whole else MOST_LOOKED_AT).subquery()
    found = looked_at.c
    query = select(looked_at).order_by(found.id.desc())
    if state is not None:
        query = query.where(found.state == state)
    if channel is not None:
        query = query.where(found.channel == channel)
    deliveries = [Delivery(*row) for row in connection.execute(query.limit(limit + 1))]
    if len(deliveries) > limit:
        return DeliveryPage(deliveries[:limit], deliveries[limit - 1].id)
    last = None if is_whole else connection.scalar(newest.offset(MOST_LOOKED_AT - 1).limit(1))
    return DeliveryPage(deliveries, last)


def _too_many_wait(connection: Connection, state: DeliveryState | None) -> bool:
    """Whether this is the state of pending, and they are too many to be sorted: their index is by channel."""
    if state is not DeliveryState.PENDING:
        return False
    some = select(OutboxRow.id).where(is_in(state)).limit(MOST_LOOKED_AT + 1).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) > MOST_LOOKED_AT


def _newest(state: DeliveryState | None, before: int | None) -> Select[*tuple[Any, ...]]:
    """The deliveries to look through: those of a state, else all."""
    query: Select[*tuple[Any, ...]] = select(*_SHOWN).order_by(OutboxRow.id.desc())
    if before is not None:
        query = query.where(OutboxRow.id < before)
    return query if state is None else query.where(is_in(state))


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
        .order_by(DeliveryAttemptRow.id.desc())
        .limit(MOST_KEPT)
    )
    return [Attempt(*row) for row in connection.execute(query)][::-1]

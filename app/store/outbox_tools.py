"""What people do to deliveries by hand: choose some, then send them again or drop them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select, update

from app.domain.delivery import DeliveryState
from app.domain.times import EPOCH
from app.store import counters
from app.store.models import EventRow, OutboxRow
from app.store.outbox import UNROUTED, is_abandoned
from app.store.states import is_in

RETRIED = (DeliveryState.PENDING, DeliveryState.PARKED, DeliveryState.SKIPPED, DeliveryState.DROPPED)
REPLAYED = (DeliveryState.DELIVERED, DeliveryState.PARKED, DeliveryState.SKIPPED)
RETRIED_OR_REPLAYED = tuple(dict.fromkeys(RETRIED + REPLAYED))
DROPPED = (DeliveryState.PENDING, DeliveryState.PARKED)


class EventTime(StrEnum):
    """Which of an event's times is meant: when it came, or when the face was seen."""

    RECEIVED = "received"
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Events from `start` up to, but without, `end`."""

    start: datetime
    end: datetime
    by: EventTime


@dataclass(frozen=True, slots=True)
class Selection:
    """Deliveries that are in one of these states, and for which all holds that is given besides.

    A claimed one whose channel nobody holds counts as pending. `after`: only those with a higher id.
    """

    states: tuple[DeliveryState, ...]
    ids: tuple[int, ...] | None = None
    code: int | None = None
    channel: str | None = None
    times: TimeRange | None = None
    after: int = 0


def chosen(connection: Connection, selection: Selection) -> list[int]:
    """The ids of the deliveries that are selected now, in their order."""
    query = select(OutboxRow.id).where(_is_in(connection, selection.states), OutboxRow.id > selection.after)
    if selection.ids is not None:
        query = query.where(OutboxRow.id.in_(selection.ids))
    if selection.code is not None:
        query = query.where(OutboxRow.code == selection.code)
    if selection.channel is not None:
        query = query.where(OutboxRow.channel == selection.channel)
    if selection.times is not None:
        query = query.join(EventRow, EventRow.id == OutboxRow.event_id).where(_within(selection.times))
    return list(connection.scalars(query.order_by(OutboxRow.id)))


def ids_of_events(connection: Connection, event_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The id of the delivery of each of these events that is there."""
    query = select(OutboxRow.event_id, OutboxRow.id).where(OutboxRow.event_id.in_(event_ids))
    return {event_id: outbox_id for event_id, outbox_id in connection.execute(query)}  # noqa: C416 - as in queries


def send_again(connection: Connection, ids: Sequence[int], states: Sequence[DeliveryState]) -> int:
    """Have those of these deliveries start over that are still in one of these states; returns how many.

    They are due at once, in the order of their ids, and for whichever channel takes them, like new ones. A
    reply to what was sent before changes nothing any more.
    """
    values = {
        "state": DeliveryState.PENDING,
        "channel": UNROUTED,
        "due_at": EPOCH,
        "attempts": 0,
        "claim": None,
        "code": None,
        "reason": None,
        "settled_at": None,
    }
    pending_first = sorted(
        states, key=lambda state: state is not DeliveryState.PENDING
    )  # all others become it
    changed = {
        state: connection.execute(
            update(OutboxRow).where(_still(connection, ids, [state])).values(values)
        ).rowcount
        for state in pending_first
    }
    counters.add_deliveries(connection, {state: -number for state, number in changed.items()})
    return sum(changed.values())


def drop(
    connection: Connection, ids: Sequence[int], states: Sequence[DeliveryState], reason: str, now: datetime
) -> int:
    """Give up those of these deliveries that are still in one of these states; returns how many.

    The code that EnOS last said stays, and the reason before stands behind the new one.
    """
    with_former = func.coalesce(reason + " (before: " + func.nullif(OutboxRow.reason, "") + ")", reason)
    values = {"state": DeliveryState.DROPPED, "claim": None, "reason": with_former, "settled_at": now}
    return connection.execute(
        update(OutboxRow).where(_still(connection, ids, states)).values(values)
    ).rowcount


def _still(
    connection: Connection, ids: Sequence[int], states: Sequence[DeliveryState]
) -> ColumnElement[bool]:
    return OutboxRow.id.in_(ids) & _is_in(connection, states)


def _is_in(connection: Connection, states: Sequence[DeliveryState]) -> ColumnElement[bool]:
    return is_in(*states) | is_abandoned(connection) if DeliveryState.PENDING in states else is_in(*states)


def _within(times: TimeRange) -> ColumnElement[bool]:
    column = EventRow.received_at if times.by == EventTime.RECEIVED else EventRow.occurred_at
    return (column >= times.start) & (column < times.end)

"""Counts over the whole store, as `se3 status` shows them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, func, select

from app.domain.delivery import DeliveryState
from app.domain.ids import made_at
from app.store import counters
from app.store.models import Base, BoxRow, EventRow, EventWarningRow, OutboxRow, PictureRow, QuarantineRow
from app.store.states import is_in

_WAITING = (DeliveryState.PENDING, DeliveryState.CLAIMED)
_OPEN = (*_WAITING, DeliveryState.PARKED, DeliveryState.DROPPED)


@dataclass(frozen=True, slots=True)
class QuickCounts:
    """What can be counted quickly, however many events there are: what waits for EnOS is counted row by row.

    `outbox` has a number for every delivery state. `oldest_waiting_at`: when the event came that waits for
    EnOS longest, None if none does. `quarantine_dropped` counts refused bodies that were deleted to hold the
    quarantine's bounds.
    """

    events: int
    outbox: dict[str, int]
    oldest_waiting_at: datetime | None
    quarantine: int
    quarantine_dropped: int
    replies_late: int
    turned_away: int
    boxes: int

    @property
    def waiting(self) -> int:
        """Deliveries that are neither settled nor parked."""
        return self.outbox[DeliveryState.PENDING] + self.outbox[DeliveryState.CLAIMED]


@dataclass(frozen=True, slots=True)
class Counts(QuickCounts):
    """How many of everything there are; `warnings` counts the events that have some."""

    pictures: int
    warnings: int


def counts(connection: Connection) -> Counts:
    """Count everything that is kept."""
    quick = quick_counts(connection)
    return Counts(
        **{field.name: getattr(quick, field.name) for field in fields(QuickCounts)},
        pictures=_count(connection, PictureRow),
        warnings=connection.scalar(select(func.count(EventWarningRow.event_id.distinct()))) or 0,
    )


def quick_counts(connection: Connection) -> QuickCounts:
    """Count what is quick to count. What was delivered is counted already: it may be millions of rows.

    What waits is not: after days without EnOS that is a look at as many entries of an index.
    """
    open_ones = {state: _open_deliveries(connection, state) for state in _OPEN}
    settled = {state: counters.deliveries(connection, state) for state in counters.COUNTED_STATES}
    outbox = dict.fromkeys(DeliveryState, 0) | {state: n for state, (n, _) in open_ones.items()} | settled
    return QuickCounts(
        events=sum(outbox.values()),  # each has a delivery
        outbox={state.value: number for state, number in outbox.items()},
        oldest_waiting_at=_received_at(connection, [open_ones[state][1] for state in _WAITING]),
        quarantine=_count(connection, QuarantineRow),
        quarantine_dropped=counters.value(connection, counters.QUARANTINE_DROPPED),
        replies_late=counters.value(connection, counters.REPLIES_LATE),
        turned_away=counters.value(connection, counters.TURNED_AWAY),
        boxes=_count(connection, BoxRow),
    )


def newest_event_at(connection: Connection) -> datetime | None:
    """When the last event was stored; None if there is none."""
    newest = connection.scalar(select(EventRow.id).order_by(EventRow.id.desc()).limit(1))
    return None if newest is None else made_at(newest)


def _open_deliveries(connection: Connection, state: DeliveryState) -> tuple[int, int | None]:
    """How many are in a state, and the least of their ids."""
    found = connection.execute(select(func.count(), func.min(OutboxRow.id)).where(is_in(state))).one()
    return found[0], found[1]


def _received_at(connection: Connection, outbox_ids: Sequence[int | None]) -> datetime | None:
    """When the event of the least of these deliveries came."""
    ids = [outbox_id for outbox_id in outbox_ids if outbox_id is not None]
    if not ids:
        return None
    event = select(OutboxRow.event_id).where(OutboxRow.id == min(ids)).scalar_subquery()
    return connection.scalar(select(EventRow.received_at).where(EventRow.id == event))


def _count(connection: Connection, model: type[Base]) -> int:
    return connection.scalar(select(func.count()).select_from(model)) or 0

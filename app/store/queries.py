"""Counts over the whole store, as `se3 status` shows them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from app.domain.delivery import DeliveryState
from app.store import counters
from app.store.models import Base, BoxRow, EventRow, EventWarningRow, OutboxRow, PictureRow, QuarantineRow


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each there are; `outbox` has a number for every delivery state.

    `oldest_waiting_at`: when the event came that waits for EnOS longest, None if none does.
    `quarantine_dropped` counts refused bodies that were deleted to hold the quarantine's bounds; `warnings`
    the events that have some.
    """

    events: int
    pictures: int
    outbox: dict[str, int]
    oldest_waiting_at: datetime | None
    quarantine: int
    quarantine_dropped: int
    warnings: int
    boxes: int

    @property
    def waiting(self) -> int:
        """Deliveries that are neither settled nor parked."""
        return self.outbox[DeliveryState.PENDING] + self.outbox[DeliveryState.CLAIMED]


def counts(connection: Connection) -> Counts:
    """Count everything that is kept."""
    by_state = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
    states = {state: number for state, number in connection.execute(by_state)}  # noqa: C416 - rows are no pairs to dict()
    return Counts(
        events=_count(connection, EventRow),
        pictures=_count(connection, PictureRow),
        outbox={state.value: states.get(state.value, 0) for state in DeliveryState},
        oldest_waiting_at=_oldest_waiting_at(connection),
        quarantine=_count(connection, QuarantineRow),
        quarantine_dropped=counters.value(connection, counters.QUARANTINE_DROPPED),
        warnings=connection.scalar(select(func.count(EventWarningRow.event_id.distinct()))) or 0,
        boxes=_count(connection, BoxRow),
    )


def _oldest_waiting_at(connection: Connection) -> datetime | None:
    # By the least id of each state: an index gives it at once, however many have been delivered before.
    states = (DeliveryState.PENDING, DeliveryState.CLAIMED)
    least = [select(func.min(OutboxRow.id)).where(OutboxRow.state == state) for state in states]
    ids = [found for query in least if (found := connection.scalar(query)) is not None]
    if not ids:
        return None
    event = select(OutboxRow.event_id).where(OutboxRow.id == min(ids)).scalar_subquery()
    return connection.scalar(select(EventRow.received_at).where(EventRow.id == event))


def _count(connection: Connection, model: type[Base]) -> int:
    return connection.scalar(select(func.count()).select_from(model)) or 0

"""Counts over the whole store, as `se3 status` shows them."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from app.domain.delivery import DeliveryState
from app.store import counters
from app.store.models import Base, BoxRow, EventRow, EventWarningRow, OutboxRow, PictureRow, QuarantineRow


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each there are; `outbox` has a number for every delivery state.

    `quarantine_dropped` counts refused bodies that were deleted to hold the quarantine's bounds; `warnings`
    the events that have some.
    """

    events: int
    pictures: int
    outbox: dict[str, int]
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
        quarantine=_count(connection, QuarantineRow),
        quarantine_dropped=counters.value(connection, counters.QUARANTINE_DROPPED),
        warnings=connection.scalar(select(func.count(EventWarningRow.event_id.distinct()))) or 0,
        boxes=_count(connection, BoxRow),
    )


def _count(connection: Connection, model: type[Base]) -> int:
    return connection.scalar(select(func.count()).select_from(model)) or 0

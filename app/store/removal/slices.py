"""Removes some events with all that belongs to them, and pictures that no event shows any more.

Whoever removes takes a turn first (see `turns`). On PostgreSQL nothing here waits for a row that another
transaction holds: a forwarder may be writing down what became of a delivery, a receiver linking a new event
to a picture. Such rows are left for another slice.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, exists, func, select

from app.domain.delivery import DeliveryState
from app.domain.people import STRANGER
from app.store import counters
from app.store.models import EventPictureRow, EventReviewRow, EventRow, EventWarningRow, OutboxRow, PictureRow
from app.store.states import is_in

SLICE = 20
"""Events of one transaction: on SQLite a new event waits for a few milliseconds behind so many."""

_BELONGS = (  # the attempts of a delivery go with its row, what faces are compared by with the picture
    EventReviewRow.event_id,
    EventWarningRow.event_id,
    EventPictureRow.event_id,
    OutboxRow.event_id,
    EventRow.id,
)
IS_UNUSED = ~exists().where(EventPictureRow.sha256 == PictureRow.sha256)
"""Whether no event shows a picture."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What a slice removed. `size`: bytes of pictures and documents. `left`: pictures others hold now."""

    known: int = 0
    strangers: int = 0
    pictures: int = 0
    size: int = 0
    left: frozenset[bytes] = frozenset()

    @property
    def events(self) -> int:
        """All of them."""
        return self.known + self.strangers

    def __add__(self, other: "Removed") -> "Removed":
        """Both together; what is left is what the `other`, later one left."""
        return Removed(
            self.known + other.known,
            self.strangers + other.strangers,
            self.pictures + other.pictures,
            self.size + other.size,
            other.left,
        )


def remove(
    connection: Connection,
    event_ids: Sequence[UUID],
    counter: str,
    *,
    states: Collection[DeliveryState] = tuple(DeliveryState),
    left: Collection[bytes] = (),
) -> Removed:
    """Remove those of these events whose delivery is in one of these states, as the last of a transaction.

    `counter` counts them. `left`: pictures that earlier slices left.
    """
    events, in_state = _locked(connection, event_ids, states)
    ids = [event.id for event in events]
    shown = set(connection.scalars(select(EventPictureRow.sha256).where(EventPictureRow.event_id.in_(ids))))
    for column in _BELONGS:
        connection.execute(delete(column.class_).where(column.in_(ids)))
    sizes, busy = remove_unused(connection, shown | set(left))
    numbers = Counter(in_state[event_id] for event_id in ids)
    counters.add_deliveries(connection, {state: -number for state, number in numbers.items()})
    if ids:
        counters.add(connection, counter, len(ids))
    strangers = sum(event.person_type == STRANGER for event in events)
    size = sum(sizes) + sum(event.length for event in events)
    return Removed(len(events) - strangers, strangers, len(sizes), size, busy)


def _locked(
    connection: Connection, event_ids: Sequence[UUID], states: Collection[DeliveryState]
) -> tuple[list[Row[Any]], dict[UUID, DeliveryState]]:
    """The events that may be removed now, and the state of each one's delivery: both are ours from here."""
    deliveries = select(OutboxRow.event_id, OutboxRow.state).where(
        OutboxRow.event_id.in_(event_ids), is_in(*states)
    )
    found = connection.execute(deliveries.with_for_update(skip_locked=True))
    in_state = {event_id: DeliveryState(state) for event_id, state in found}
    length = func.length(EventRow.document).label("length")
    events = select(EventRow.id, EventRow.person_type, length).where(EventRow.id.in_(in_state))
    return list(connection.execute(events.with_for_update(skip_locked=True))), in_state


def remove_unused(connection: Connection, sha256s: Collection[bytes]) -> tuple[list[int], frozenset[bytes]]:
    """Remove those pictures that no event shows; returns their sizes, and those that others hold just now.

    Each is locked first: whoever linked it before that has committed, so the link is seen; whoever links it
    later waits, finds that it has gone, and begins anew (see `Database`).
    """
    theirs = PictureRow.sha256.in_(sha256s)
    unused = select(PictureRow.sha256).where(theirs, IS_UNUSED)
    locked = set(connection.scalars(unused.with_for_update(skip_locked=True)))
    statement = delete(PictureRow).where(PictureRow.sha256.in_(locked), IS_UNUSED)
    sizes = list(connection.scalars(statement.returning(PictureRow.size)))
    return sizes, frozenset(connection.scalars(unused))

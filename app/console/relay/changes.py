"""What an operator does to deliveries that stopped, with an entry in the audit log in each transaction."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection

from app.console.access.guard import note_within
from app.domain.delivery import DeliveryState
from app.store import outbox_tools
from app.store.causes import Cause
from app.store.database import Database
from app.store.slices import SLICE, change_slice

Change = Callable[[Connection, Sequence[int]], int]


def send_again(database: Database, state: DeliveryState, cause: Cause, ids: Sequence[int]) -> int:
    """Send those again that are still in this state; returns how many were."""
    return _in_slices(
        database,
        ids,
        lambda connection, some: outbox_tools.send_again(connection, some, (state,)),
        lambda number: ("deliveries_retried", f"{number} {state}, {_in_words(cause)}"),
    )


def give_up(database: Database, cause: Cause, ids: Sequence[int], reason: str) -> int:
    """Drop those that are still parked; returns how many were."""
    now = datetime.now(UTC)
    return _in_slices(
        database,
        ids,
        lambda connection, some: outbox_tools.drop(connection, some, (DeliveryState.PARKED,), reason, now),
        lambda number: ("deliveries_dropped", f"{number}, {_in_words(cause)}: {reason}"),
    )


def replay(database: Database, event_id: UUID, outbox_id: int) -> int:
    """Send an event again, whatever became of it; returns 0 if it is on its way now."""
    return _in_slices(
        database,
        [outbox_id],
        lambda connection, some: outbox_tools.send_again(connection, some, outbox_tools.RETRIED_OR_REPLAYED),
        lambda number: ("event_replayed", f"{event_id}{'' if number else ' not: on its way'}"),
    )


def _in_slices(
    database: Database, ids: Sequence[int], make: Change, entry: Callable[[int], tuple[str, str]]
) -> int:
    def change(some: Sequence[int]) -> int:
        with database.write() as connection:
            number = make(connection, some)
            note_within(connection, *entry(number))
        return number

    slices = (ids[start : start + SLICE] for start in range(0, len(ids), SLICE))
    return sum(change_slice(some, change) for some in slices)


def _in_words(cause: Cause) -> str:
    return " ".join(str(part) for part in cause if part is not None)

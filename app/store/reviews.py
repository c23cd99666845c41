"""Which events a user of the console has reviewed: each user has marks of their own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select

from app.store.models import EventReviewRow
from app.store.statements import insert_missing


def mark(connection: Connection, user_id: int, event_id: UUID) -> None:
    """Note that a user has reviewed an event, unless it is noted already."""
    values = {"user_id": user_id, "event_id": event_id, "reviewed_at": datetime.now(UTC)}
    connection.execute(insert_missing(connection, EventReviewRow).values(values))


def unmark(connection: Connection, user_id: int, event_id: UUID) -> None:
    """Take the mark away, if there is one."""
    is_it = (EventReviewRow.user_id == user_id, EventReviewRow.event_id == event_id)
    connection.execute(delete(EventReviewRow).where(*is_it))


def reviewed(connection: Connection, user_id: int, event_ids: Sequence[UUID]) -> set[UUID]:
    """Those of some events that a user has reviewed."""
    of_them = (EventReviewRow.user_id == user_id, EventReviewRow.event_id.in_(event_ids))
    return set(connection.scalars(select(EventReviewRow.event_id).where(*of_them)))

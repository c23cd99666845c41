"""Attempts that did not simply deliver: each is kept, for the row of the outbox tells only of the last."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import aliased

from app.store.driver import Insert
from app.store.models import DeliveryAttemptRow
from app.store.settlements import Settlement
from app.store.statements import is_one_of

MOST_KEPT = 20  # of a delivery, the last ones: EnOS may be in trouble for days

_INSERT = Insert(DeliveryAttemptRow, ("outbox_id", "number", "at", "code", "reason"))


def record(connection: Connection, failed: Sequence[Settlement], now: datetime) -> None:
    """Keep these attempts, of deliveries that were just settled."""
    if failed:
        rows = [(one.claimed.id, one.attempts, now, one.code, one.reason) for one in failed]
        _INSERT.execute(connection, rows)
        _forget_oldest(connection, [one.claimed.id for one in failed])


def _forget_oldest(connection: Connection, outbox_ids: Sequence[int]) -> None:
    other = aliased(DeliveryAttemptRow)
    last_forgotten = (
        select(other.id)
        .where(other.outbox_id == DeliveryAttemptRow.outbox_id)
        .order_by(other.id.desc())
        .offset(MOST_KEPT)
        .limit(1)
        .scalar_subquery()
    )
    theirs = is_one_of(connection.dialect.name, DeliveryAttemptRow.outbox_id, "ids")
    statement = delete(DeliveryAttemptRow).where(theirs, DeliveryAttemptRow.id <= last_forgotten)
    connection.execute(statement, {"ids": list(outbox_ids)})

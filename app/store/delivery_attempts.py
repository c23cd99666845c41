"""Attempts that did not simply deliver: each is kept, for the row of the outbox tells only of the last."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import aliased

from app.domain.delivery import DeliveryState
from app.store.driver import Insert
from app.store.models import DeliveryAttemptRow
from app.store.settlements import Settlement
from app.store.statements import is_one_of

MOST_KEPT = 20  # of a delivery, the last ones: EnOS may be in trouble for days
_FORGOTTEN_EVERY = 8  # attempts: to look for those that are too many costs more than to keep these

_INSERT = Insert(DeliveryAttemptRow, ("outbox_id", "number", "at", "code", "reason"))


def record(connection: Connection, failed: Sequence[Settlement], now: datetime) -> None:
    """Keep these attempts, of deliveries that were just settled."""
    if failed:
        rows = [(one.claimed.id, one.attempts, now, one.code, one.reason) for one in failed]
        _INSERT.execute(connection, rows)
        _forget_oldest(connection, [one.claimed.id for one in failed if _is_turn(one)])


def _is_turn(settlement: Settlement) -> bool:
    """Whether to look now; at one that is parked in any case, for a person may send it again and again."""
    return settlement.attempts % _FORGOTTEN_EVERY == 0 or settlement.state is DeliveryState.PARKED


def _forget_oldest(connection: Connection, outbox_ids: Sequence[int]) -> None:
    if not outbox_ids:
        return
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

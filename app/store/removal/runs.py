"""Runs of the retention: one at a time on all machines, and on record with what each removed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, or_, select, text, update

from app.store import clock
from app.store.models import RetentionRunRow
from app.store.removal.slices import Removed

EVERY = timedelta(minutes=10)
"""So often a run begins by itself."""

_SILENT = timedelta(minutes=2)  # a run that says nothing for longer has ended without a word
_KEPT = timedelta(days=365)
_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtextextended('se3 retention', 0))")
_COLUMNS = ("began_at", "seen_at", "ended_at", "known", "strangers", "pictures", "size")


@dataclass(frozen=True, slots=True)
class Run:
    """What a run removed, `size` in bytes. `ended_at`: None while it lasts, or if it was cut off."""

    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    known: int
    strangers: int
    pictures: int
    size: int


def begin(connection: Connection, *, is_due: bool) -> int | None:
    """Begin a run, and return its id; None if another one is at it, here or on any machine.

    `is_due`: begin only if the last run began EVERY ago.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_TURNS)
    now = clock.now(connection)
    last = latest(connection)
    if last and last.ended_at is None and now - last.seen_at < _SILENT:
        return None
    if last and is_due and timedelta(0) <= now - last.began_at < EVERY:
        return None
    _forget(connection, now)
    values = {"began_at": now, "seen_at": now, "known": 0, "strangers": 0, "pictures": 0, "size": 0}
    return connection.execute(
        insert(RetentionRunRow).values(values).returning(RetentionRunRow.id)
    ).scalar_one()


def add(connection: Connection, run_id: int, removed: Removed) -> None:
    """Put on record what a run removed, in the transaction that does so."""
    more = {name: getattr(RetentionRunRow, name) + getattr(removed, name) for name in _COLUMNS[3:]}
    statement = update(RetentionRunRow).where(RetentionRunRow.id == run_id)
    connection.execute(statement.values(more | {"seen_at": clock.now(connection)}))


def end(connection: Connection, run_id: int) -> None:
    """End a run."""
    now = clock.now(connection)
    connection.execute(
        update(RetentionRunRow).where(RetentionRunRow.id == run_id).values(seen_at=now, ended_at=now)
    )


def latest(connection: Connection) -> Run | None:
    """The run that began last, if there was any."""
    return next(iter(listed(connection, 1)), None)


def listed(connection: Connection, limit: int, *, with_removals: bool = False) -> list[Run]:
    """The runs that began last, newest first; of all, or of those that removed something."""
    query = select(*(getattr(RetentionRunRow, name) for name in _COLUMNS))
    if with_removals:
        query = query.where(_HAS_REMOVED)
    rows = connection.execute(query.order_by(RetentionRunRow.id.desc()).limit(limit))
    return [Run(*row) for row in rows]


_HAS_REMOVED = RetentionRunRow.known + RetentionRunRow.strangers > 0


def _forget(connection: Connection, now: datetime) -> None:
    """Runs of long ago, and all that removed nothing."""
    is_old = RetentionRunRow.began_at < now - _KEPT
    connection.execute(delete(RetentionRunRow).where(or_(is_old, ~_HAS_REMOVED)))

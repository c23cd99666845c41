"""Holds the quarantine's bounds, in short transactions beside those of whoever writes."""

import time
from collections.abc import Iterator
from datetime import datetime
from threading import Event
from uuid import UUID

import structlog
from sqlalchemy import Connection, case, delete, func, or_, select

from app.store import counters
from app.store.database import Database
from app.store.models import QuarantineRow
from app.store.quarantine import ROW_BYTES, Bounds

_STRAY = (404, 405, 413)
_SLICE_BYTES = 8 * 2**20  # whoever writes waits for so much to be deleted
_SLICE_ROWS = 500
_REST_SECONDS = 0.02  # between slices, at least

log = structlog.get_logger(__name__)

Sized = tuple[UUID, int]
"""A body's id, and the bytes that it takes up."""


def prune(database: Database, bounds: Bounds, now: datetime, stop: Event) -> int:
    """Delete bodies until the rest is within its bounds, or until `stop`; returns how many, and counts them.

    The too old ones go. Of the others, those that came to no event path go first, for anybody can send
    them; then those that came longest ago. What came again after `now` stays.

    Raises:
        StoreUnavailable: the database can't be used. What was deleted by then stays so.
    """
    with database.read() as connection:  # ranking all of them takes its time, and holds nobody up
        beyond = _beyond(connection, bounds, now)
    deleted = 0
    for ids in _slices(beyond):
        began = time.monotonic()
        with database.write() as connection:
            deleted += _drop(connection, ids, now)
        if stop.wait(max(_REST_SECONDS, time.monotonic() - began)):
            break
    if deleted:
        log.warning("quarantine_pruned", bodies=deleted)
    return deleted


def _beyond(connection: Connection, bounds: Bounds, now: datetime) -> list[Sized]:
    stray = case((QuarantineRow.status.in_(_STRAY), 1), else_=0)
    order = (stray, QuarantineRow.last_received_at.desc(), QuarantineRow.id)
    taken = QuarantineRow.size + ROW_BYTES
    ranked = select(
        QuarantineRow.id,
        QuarantineRow.last_received_at,
        taken.label("bytes"),
        func.sum(taken).over(order_by=order).label("bytes_so_far"),
        func.row_number().over(order_by=order).label("number"),
    ).subquery()
    too_many = or_(ranked.c.bytes_so_far > bounds.bytes, ranked.c.number > bounds.bodies)
    too_old = ranked.c.last_received_at < now - bounds.age
    found = connection.execute(select(ranked.c.id, ranked.c.bytes).where(or_(too_old, too_many)))
    return [(row.id, row.bytes) for row in found]


def _slices(bodies: list[Sized]) -> Iterator[list[UUID]]:
    ids: list[UUID] = []
    taken = 0
    for body_id, size in bodies:
        if ids and (taken + size > _SLICE_BYTES or len(ids) == _SLICE_ROWS):
            yield ids
            ids, taken = [], 0
        ids.append(body_id)
        taken += size
    if ids:
        yield ids


def _drop(connection: Connection, ids: list[UUID], now: datetime) -> int:
    unchanged = QuarantineRow.id.in_(ids), QuarantineRow.last_received_at <= now
    # What another transaction is just counting again stays; to wait for it could be a deadlock.
    free = select(QuarantineRow.id).where(*unchanged).with_for_update(skip_locked=True)
    found = list(connection.scalars(free))
    deleted = connection.execute(delete(QuarantineRow).where(QuarantineRow.id.in_(found))).rowcount
    if deleted:
        counters.add(connection, counters.QUARANTINE_DROPPED, deleted)
    return deleted

"""Pictures that no event shows: none is left by this program, but by hands that deleted events."""

import time

from sqlalchemy import Connection, func, select

from app.store.database import Database
from app.store.models import PictureRow
from app.store.removal.slices import IS_UNUSED, SLICE, remove_unused

_REST_SECONDS = 0.02
_RESTS = 3  # for each second of work: the way of new events comes first


def unused_pictures(connection: Connection) -> tuple[int, int]:
    """How many there are, and how many bytes they have."""
    query = select(func.count(), func.coalesce(func.sum(PictureRow.size), 0)).where(IS_UNUSED)
    number, size = connection.execute(query).one()
    return int(number), int(size)


def remove_unused_pictures(database: Database) -> int:
    """Delete them, a slice at a time, but for those that others hold just now; returns how many were deleted.

    Raises:
        StoreUnavailable: the database can't be used. What was deleted stays so.
    """
    with database.read() as connection:  # which holds up nobody, however long it takes
        found = list(connection.scalars(select(PictureRow.sha256).where(IS_UNUSED)))
    removed = 0
    for start in range(0, len(found), SLICE):
        began = time.monotonic()
        with database.write() as connection:
            sizes, _ = remove_unused(connection, found[start : start + SLICE])
        removed += len(sizes)
        time.sleep(max(_REST_SECONDS, _RESTS * (time.monotonic() - began)))
    return removed

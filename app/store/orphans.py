"""Pictures that no event shows: none is left by this program, but by hands that deleted events."""

from sqlalchemy import Connection, delete, func, select, text

from app.store.database import Database
from app.store.models import EventPictureRow, PictureRow

_SLICE = 500  # pictures of a transaction, for which receivers wait
_IS_SHOWN = select(EventPictureRow.sha256).where(EventPictureRow.sha256 == PictureRow.sha256).exists()


def unused_pictures(connection: Connection) -> tuple[int, int]:
    """How many there are, and how many bytes they have."""
    query = select(func.count(), func.coalesce(func.sum(PictureRow.size), 0)).where(~_IS_SHOWN)
    number, size = connection.execute(query).one()
    return int(number), int(size)


def remove_unused_pictures(database: Database) -> int:
    """Delete them, a slice at a time; returns how many there were."""
    removed = 0
    while number := _remove_slice(database):
        removed += number
    return removed


def _remove_slice(database: Database) -> int:
    with database.write() as connection:
        if database.sqlite_file is None:
            # An event may find its picture here, and show it a moment later: await such, and hold off more.
            connection.execute(text("LOCK TABLE pictures IN SHARE ROW EXCLUSIVE MODE"))
        some = select(PictureRow.sha256).where(~_IS_SHOWN).limit(_SLICE)
        return connection.execute(delete(PictureRow).where(PictureRow.sha256.in_(some))).rowcount

"""What a database holds, for whoever holds it against what was acknowledged."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, select

from app.store.database import Database
from app.store.models import EventPictureRow, EventRow, PictureRow

_ROWS_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture of an event: the event's time as it was sent, and the SHA-256 of what is kept."""

    timestamp: str
    sha256: bytes


def timestamps(connection: Connection) -> Iterator[str]:
    """The time of every event, as it was sent."""
    yield from connection.execution_options(yield_per=_ROWS_AT_A_TIME).scalars(select(EventRow.timestamp))


def stored_pictures(connection: Connection) -> Iterator[StoredPicture]:
    """Every picture of every event; its hash is computed anew, of the bytes that are there."""
    query = (
        select(EventRow.timestamp, PictureRow.content)
        .join(EventPictureRow, EventPictureRow.event_id == EventRow.id)
        .join(PictureRow, PictureRow.sha256 == EventPictureRow.sha256)
    )
    for timestamp, content in connection.execution_options(yield_per=_ROWS_AT_A_TIME).execute(query):
        yield StoredPicture(timestamp, hashlib.sha256(content).digest())


def is_empty(database: Database) -> bool:
    """Whether it has no table at all, ours or anybody's.

    Raises:
        StoreUnavailable: it can't be reached.
    """
    with database.read() as connection:
        return not inspect(connection).get_table_names()


def faults(connection: Connection) -> list[str]:
    """What SQLite's own check finds wrong with the whole file; nothing if it is sound."""
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(3)")]
    return [] if found == ["ok"] else found

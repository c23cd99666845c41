"""Which keys the database's pictures and refused bodies are encrypted with, and what waits in the spool."""

from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import Connection, select
from sqlalchemy.orm import InstrumentedAttribute

from app.config import Settings
from app.errors import StoreUnavailable
from app.store.database import Database
from app.store.models import PictureRow, QuarantineRow
from app.store.spool.spool import spooled_key_ids


def missing_keys(database: Database, settings: Settings) -> list[str]:
    """The ids, in hex, of keys in use that are not among the settings': what they encrypted can't be read.

    A spool that can't be read at all tells of none.

    Raises:
        StoreUnavailable: the database can't be used.
    """
    with database.read() as connection:
        used = {*_used(connection, PictureRow.key_id), *_used(connection, QuarantineRow.key_id)}
    with suppress(StoreUnavailable):  # who looks at the spool itself tells
        used |= spooled_key_ids(settings)
    return sorted(key_id.hex() for key_id in used - database.keyring.ids)


def _used(connection: Connection, column: InstrumentedAttribute[bytes | None]) -> Iterator[bytes]:
    """One step of the index for each key, however many rows have it."""
    found: bytes | None = b""
    while found := connection.scalar(select(column).where(column > found).order_by(column).limit(1)):
        yield found

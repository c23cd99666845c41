"""Brings every picture and refused body to the newest key, or to plain, while others go on."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Conflict, NotDecrypted
from app.store.database import Database
from app.store.keyring import Kept
from app.store.models import EventPictureRow, PictureRow, QuarantineRow
from app.store.removal.space import flush

_SLICE_ROWS = 100
_SLICE_BYTES = 2 * 2**20  # that one transaction writes, or a single body: so long a new event may wait
_LOG_TRIES = 20  # for somebody may be reading
_LOG_REST_SECONDS = 0.1

Told = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose content may be encrypted, and how a person calls what it holds."""

    name: str
    id: InstrumentedAttribute[Any]
    sha256: InstrumentedAttribute[bytes]
    size: InstrumentedAttribute[int]
    content: InstrumentedAttribute[bytes]
    key_id: InstrumentedAttribute[bytes | None]


TABLES = (
    Table("pictures", *(getattr(PictureRow, n) for n in ("sha256", "sha256", "size", "content", "key_id"))),
    Table("refused bodies", *(getattr(QuarantineRow, n) for n in ("id", "sha256", "size", "body", "key_id"))),
)


@dataclass(slots=True)
class Rekeyed:
    """How many rows of a table were changed, and how many could not be read, for want of a key."""

    changed: int = 0
    unread: int = 0


def rows_of(database: Database, table: Table) -> int:
    """How many rows a table has."""
    with database.read() as connection:
        return connection.scalar(select(func.count(table.id))) or 0


def events_with_text(database: Database) -> int:
    """How many events have the text of a picture in their document, too, where nothing encrypts it."""
    query = select(func.count(EventPictureRow.event_id.distinct())).where(EventPictureRow.prefix.is_(None))
    with database.read() as connection:
        return connection.scalar(query) or 0


def rekey(database: Database, table: Table, told: Told) -> Rekeyed:
    """Encrypt with the newest key what is not, slice by slice; `told` hears how many rows each slice was.

    What was done stays done if it is stopped; the next call passes over it.

    Raises:
        StoreUnavailable: the database can't be used.
    """
    result = Rekeyed()
    for ids, looked_at in _slices(database, table):
        _rekey_slice(database, table, ids, result)
        told(looked_at)
    return result


def empty_log(database: Database) -> bool:
    """Have SQLite move its log, which may hold what was plain, into its file; tells whether it could.

    Raises:
        StoreUnavailable: the file can't be written.
    """
    for _ in range(_LOG_TRIES):
        if flush(database, patience_seconds=0.0):
            return True
        time.sleep(_LOG_REST_SECONDS)
    return False


def _slices(database: Database, table: Table) -> Iterator[tuple[list[Any], int]]:
    """The ids of rows with another key, some at a time, and how many rows were looked at for them."""
    after = None
    while rows := _page(database, table, after):
        ids: list[Any] = []
        size = looked_at = 0
        for row_id, row_size, key_id in rows:
            if key_id != database.keyring.newest_id:
                if ids and size + row_size > _SLICE_BYTES:
                    break
                ids.append(row_id)
                size += row_size
            looked_at += 1
            after = row_id
        yield ids, looked_at


def _page(database: Database, table: Table, after: Any) -> Sequence[Any]:
    query = select(table.id, table.size, table.key_id).order_by(table.id).limit(_SLICE_ROWS)
    with database.read() as connection:
        return connection.execute(query if after is None else query.where(table.id > after)).all()


def _rekey_slice(database: Database, table: Table, ids: list[Any], result: Rekeyed) -> None:
    if not ids:
        return
    new, unread = _encrypted_anew(database, table, ids)
    result.unread += unread
    began = time.monotonic()
    result.changed += _write(database, table, new)
    time.sleep(time.monotonic() - began)  # half the time is the receiver's


def _encrypted_anew(database: Database, table: Table, ids: list[Any]) -> tuple[dict[Any, Kept], int]:
    """What to keep from now on, by id, and how many could not be decrypted."""
    query = select(table.id, table.sha256, table.content, table.key_id).where(table.id.in_(ids))
    with database.read() as connection:
        rows = connection.execute(query).all()
    new = {}
    for row_id, sha256, content, key_id in rows:
        with suppress(NotDecrypted):
            plain = database.keyring.decrypt(Kept(content, key_id), sha256)
            new[row_id] = database.keyring.encrypt(plain, sha256)
    return new, len(rows) - len(new)


def _write(database: Database, table: Table, new: dict[Any, Kept]) -> int:
    while True:
        try:
            with database.write() as connection:
                return sum(_write_one(connection, table, row_id, kept) for row_id, kept in new.items())
        except Conflict:
            continue


def _write_one(connection: Connection, table: Table, row_id: Any, kept: Kept) -> int:
    statement = update(table.id.class_).where(table.id == row_id)
    values = {table.content: kept.content, table.key_id: kept.key_id}
    return connection.execute(statement.values(values)).rowcount

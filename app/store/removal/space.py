"""Room: how much the store takes, and how what was removed is given back to the system."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

from sqlalchemy import Connection, func, select, text

from app.errors import StoreUnavailable
from app.store.database import Database, errors_told
from app.store.models import Base, PictureRow
from app.store.size import size_bytes

KEPT_PART = 0.1
"""Of SQLite's pages so many stay free: what comes next takes them, and the file need not grow again."""

_STEP_PAGES = 200  # of 4 KB: some 1 MB, and a few milliseconds for which a new event waits
_REST_SECONDS = 0.02
_LOG_TRIES = 100
_INCREMENTAL = 2  # as PRAGMA auto_vacuum says it
_PATIENCE_SECONDS = 0.1  # for who reads, as long as those who write are held up
_INLINE = (
    2000  # bytes; PostgreSQL keeps longer pictures apart from their rows, each a little longer than it is
)
_OVERHEAD = 1.03
_KEPT_APART = text(
    "SELECT pg_total_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'pictures'::regclass"
)


def used_bytes(database: Database, connection: Connection) -> int:
    """What is in use, without what was removed and waits for something new in its place.

    PostgreSQL does not tell, so pictures, which are nearly all there is, are added up.
    """
    if database.sqlite_file:
        pages, free, page_bytes = _pages(connection)
        return (pages - free) * page_bytes
    pictures = connection.scalar(select(func.sum(PictureRow.size)).where(PictureRow.size > _INLINE)) or 0
    apart = connection.scalar(_KEPT_APART) or 0
    return size_bytes(database, connection) - apart + int(float(pictures) * _OVERHEAD)


def free_bytes(database: Database, connection: Connection) -> int:
    """By how much an SQLite file can still grow: what is free on its disk, and in the file itself."""
    assert database.sqlite_file  # noqa: S101 - settings refuse a bound on free space with PostgreSQL
    _, free, page_bytes = _pages(connection)
    return shutil.disk_usage(database.sqlite_file.parent).free + free * page_bytes


def gives_back_by_steps(database: Database) -> bool:
    """Whether it is an SQLite file that can be made shorter bit by bit; those of early versions can't."""
    if database.sqlite_file is None:
        return False
    with database.read() as connection:
        _pages(connection)  # has SQLite look into the file: the mode alone it would tell as it was before
        return bool(connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() == _INCREMENTAL)


def give_back(
    database: Database, kept_part: float = KEPT_PART, told: Callable[[int], object] = lambda _: None
) -> None:
    """Make an SQLite file shorter in small steps, until only a part of its pages is free.

    `told` is told after each step how many bytes are still to go. Does nothing with PostgreSQL, whose
    autovacuum makes room for new rows, or with a file that can't be made shorter by steps.

    Raises:
        StoreUnavailable: the database can't be used.
    """
    while gives_back_by_steps(database):
        began = time.monotonic()
        with database.write() as connection:
            pages, free, page_bytes = _pages(connection)
            too_many = free - int(pages * kept_part)
            if too_many <= 0:
                return
            _cut_off(connection, min(too_many, _STEP_PAGES))
        told((too_many - _STEP_PAGES) * page_bytes)
        time.sleep(max(_REST_SECONDS, time.monotonic() - began))


def flush(database: Database, patience_seconds: float = _PATIENCE_SECONDS) -> bool:
    """Have SQLite's log written into its file, and emptied: it, too, holds what was there before.

    Returns whether it could; a reader may keep that from being done now, and then a later commit does it.
    Who writes is held up for as long as this waits for who reads.

    Raises:
        StoreUnavailable: the file can't be written.
    """
    if database.sqlite_file is None:
        return True
    try:
        with closing(
            sqlite3.connect(database.sqlite_file, patience_seconds, isolation_level=None)
        ) as connection:
            _move_log(connection)  # leaves the next little to do
            is_busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the database's log can't be emptied: {error}") from error
    return not is_busy


def _move_log(connection: sqlite3.Connection) -> None:
    """Move SQLite's log into its file as far as nobody reads it, once another that is at it has ended."""
    for _ in range(_LOG_TRIES):
        if not connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[0]:
            return
        time.sleep(_REST_SECONDS)


def rewrite(database: Database) -> None:
    """Write an SQLite file anew, without free pages: from then on it can be made shorter by steps.

    Nobody else can write meanwhile. It takes as much room again as is in use, twice.

    Raises:
        StoreUnavailable: it can't be, for want of room, say, or because others use it.
    """
    assert database.sqlite_file  # noqa: S101 - narrows a type for mypy
    try:
        with closing(sqlite3.connect(database.sqlite_file, isolation_level=None)) as connection:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the database can't be written anew: {error}") from error
    flush(database)


def vacuum_tables(database: Database) -> None:
    """Have PostgreSQL make room for new rows where some were removed; others go on meanwhile.

    Raises:
        StoreUnavailable: it can't be reached.
    """
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with errors_told(), engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {table.name}")


def _cut_off(connection: Connection, pages: int) -> None:
    """Free so many pages at the end of an SQLite file; of many at once the driver does only the first."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows a type for mypy
    for _ in range(pages):
        driver.execute("PRAGMA incremental_vacuum(1)")


def _pages(connection: Connection) -> tuple[int, int, int]:
    """How many pages an SQLite file has, how many of these are free, and the bytes of one."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, page_bytes = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names)
    return pages, free, page_bytes

"""Backups of SQLite: a database file, copied by SQLite itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from app.errors import BackupError
from app.store.backups.steps import STEP_BYTES, end_step
from app.store.database import Database


def copy(database: Database, target: Path) -> None:
    """Copy the database as it is at one moment, and check the copy.

    Writers are not held up: the copy reads in one transaction. The log that they write to grows meanwhile.

    Raises:
        BackupError: it can't be read, or is damaged, or `target` can't be written.
    """
    source = database.sqlite_file
    with (
        _named_faults(f"{source} can't be copied"),
        _opened(source) as original,
        closing(sqlite3.connect(target)) as copied,
        target.open("rb") as written,
    ):
        original.execute("BEGIN")  # else what is written between two steps would have it begin anew
        original.execute("SELECT 1 FROM sqlite_master").fetchone()
        pages = STEP_BYTES // original.execute("PRAGMA page_size").fetchone()[0]
        original.backup(copied, pages=pages, progress=lambda *_: end_step(written))
        original.execute("COMMIT")  # the log can shrink
        copied.execute("PRAGMA journal_mode = DELETE")  # leaves one file alone
        faults = copied.execute("PRAGMA integrity_check(3)").fetchall()
    if faults != [("ok",)]:
        raise BackupError(f"{source} is damaged: {faults[0][0]}")


def require_ours(file: Path) -> None:
    """Refuse a file that is no database of a receiver.

    Raises:
        BackupError: it is not.
    """
    with _named_faults("it is no backup of a receiver"), _opened(file) as database:
        database.execute("SELECT version_num FROM alembic_version").fetchone()


@contextmanager
def _opened(file: Path | None) -> Iterator[sqlite3.Connection]:
    """A database file to read; unlike by its name alone, none is made where there is none."""
    with closing(
        sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, isolation_level=None)
    ) as connection:
        yield connection


@contextmanager
def _named_faults(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"{what}: {error}") from error

"""Is the database whole, and set to be durable?"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import text

from app.store.database import Database

LOOK_SECONDS = 60.0
_STEPS = 10_000  # of SQLite, between two looks at the time
_MOST_FAULTS = 3
_MUST_BE_ON = {
    "fsync": "a power cut damages the database",
    "full_page_writes": "a power cut damages the database",
    "synchronous_commit": "a power cut loses acknowledged events",
}


def faults(database: Database) -> list[str]:
    """What is damaged, or may be by a power cut, one sentence each; empty when all is well.

    Raises:
        TimeoutError: it is too large to be looked through in LOOK_SECONDS.
        StoreUnavailable: PostgreSQL can't be asked.
    """
    return _of_file(database.sqlite_file) if database.sqlite_file else _of_server(database)


def _of_file(file: Path) -> list[str]:
    deadline = time.monotonic() + LOOK_SECONDS
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            pages = connection.execute(f"PRAGMA quick_check({_MOST_FAULTS})").fetchall()
            strays = connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_FAULTS)
        except sqlite3.DatabaseError as error:
            if str(error) == "interrupted":
                raise TimeoutError from error
            return [f"{file} is damaged: {error}"]
    found = [f"{file} is damaged: {fault}" for (fault,) in pages if fault != "ok"]
    return found + [
        f"a row of {table} refers to one of {other} that is not there" for table, _, other, _ in strays
    ]


def _of_server(database: Database) -> list[str]:
    with database.read() as connection:
        found = {name: connection.scalar(text(f"SHOW {name}")) for name in _MUST_BE_ON}
    return [
        f"PostgreSQL's {name} is off: {_MUST_BE_ON[name]}" for name, value in found.items() if value == "off"
    ]

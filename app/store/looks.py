"""When a look into the database is worth its price: another one may have written since the last."""

import math
import sqlite3
import time
from contextlib import closing, suppress
from typing import Any

from app.store.database import Database

UNCHANGED_SECONDS = 0.25
"""A file in which nothing changed is looked at so seldom: only what is due later can have become due."""

SERVER_SECONDS = 0.025
"""PostgreSQL does not tell cheaply whether anything changed: it is looked at so often."""


class Looks:
    """For one thread. Of an SQLite file, it has a connection of its own, to be closed."""

    def __init__(self, database: Database) -> None:
        """Nothing is opened before the first question."""
        self._file = database.sqlite_file
        self._connection: sqlite3.Connection | None = None
        self._seen: Any = None
        self._looked_at = -math.inf

    def is_time(self) -> bool:
        """Whether to look now; then the next look is not worth it until something was committed, or later."""
        now = time.monotonic()
        seen = self._version() if self._file else None
        longest = UNCHANGED_SECONDS if self._file else SERVER_SECONDS
        if seen == self._seen and now - self._looked_at < longest:
            return False
        self._seen, self._looked_at = seen, now
        return True

    def close(self) -> None:
        """Close the connection; another question opens a new one."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _version(self) -> tuple[int, int] | None:
        """What differs once anything was committed; None where the file can't be read: a look says why."""
        assert self._file  # noqa: S101 - narrows a type for mypy
        with suppress(OSError, sqlite3.Error):
            number = self._file.stat().st_ino
            if self._connection is None or (self._seen and self._seen[0] != number):
                self.close()
                self._connection = sqlite3.connect(self._file, isolation_level=None)
            with closing(self._connection.execute("PRAGMA data_version")) as found:
                return number, found.fetchone()[0]
        return None

"""Keeps SQLite's log from holding up a commit.

What is in the log, SQLite moves into its file (a checkpoint) as part of a commit, a little each time. While
somebody reads for long, a backup say, it can't; and the first commit behind that would have to move all of
it at once: 500 MB were half a second. So a log that has become large is moved beside the commits.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import structlog
from sqlalchemy import Connection

LOG_BYTES_KEPT = 64 * 2**20
"""Of the log's file, when SQLite begins it anew."""

_LARGE_BYTES = LOG_BYTES_KEPT + 16 * 2**20
_GROWN_BYTES = 16 * 2**20
_CUT_BYTES = 16 * 2**20  # at once, of a file that became too long
_LITTLE_PAGES = 1000  # as SQLite has it
_REST_SECONDS = 0.25
_SYNC_SECONDS = 0.03
_descriptors: dict[tuple[int, int], int] = {}  # by device and inode

log = structlog.get_logger(__name__)


class LogKeeper:
    """Looks at the log of one database before each commit."""

    def __init__(self, file: Path) -> None:
        """`file`: the database's."""
        self._file = file
        self._log = Path(f"{file}-wal")
        self._bound = _LARGE_BYTES
        self._thread: threading.Thread | None = None

    def before_commit(self, connection: Connection) -> None:
        """Have the commit of this connection leave a large log alone, and move that beside it."""
        size = self._size()
        is_large = size > self._bound
        _set(connection, "wal_autocheckpoint", 0 if is_large else _LITTLE_PAGES)
        _set(connection, "journal_size_limit", max(LOG_BYTES_KEPT, size - _CUT_BYTES))
        if is_large and not (self._thread and self._thread.is_alive()):
            self._begin()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._move, name="log keeper", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # too many threads: no commit is to fail for it
            self._give_up(str(error))

    def _give_up(self, reason: str) -> None:
        """Leave it to the commits until it has grown more."""
        self._bound = self._size() + _GROWN_BYTES
        log.warning("log_not_moved", reason=reason)

    def _size(self) -> int:
        """Of the log's file, however much of it is in use; it is cut when the log begins anew."""
        try:
            size = self._log.stat().st_size
        except FileNotFoundError:
            size = 0
        self._bound = max(_LARGE_BYTES, min(self._bound, size + _GROWN_BYTES))
        return size

    def _move(self) -> None:
        """Move the log into the file, until so little is left that a commit can do it, and begin anew."""
        place = f"file:{quote(str(self._file))}?mode=rw"
        try:
            with (
                closing(sqlite3.connect(place, uri=True, isolation_level=None)) as connection,
                _synced(self._file),
            ):
                _move_all(connection)
            self._bound = max(_LARGE_BYTES, self._size() + _GROWN_BYTES)
        except (sqlite3.Error, OSError, RuntimeError) as error:
            self._give_up(str(error))


def _move_all(connection: sqlite3.Connection) -> None:
    """Move pages until a pass found few: what came in during a longer one was not counted by it."""
    moved_before = 0
    while True:
        is_busy, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if not is_busy and pages - moved_before < _LITTLE_PAGES:
            return
        if is_busy or pages - moved >= _LITTLE_PAGES:  # another process is at it, or somebody still reads
            time.sleep(_REST_SECONDS)
        moved_before = moved


@contextmanager
def _synced(file: Path) -> Iterator[None]:
    """Have the file on the disk in many steps: a commit waits behind each, and would behind one of all."""
    over = threading.Event()
    thread = threading.Thread(target=_sync_until, args=(_opened(file), over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _opened(file: Path) -> int:
    """A descriptor of it that is never closed: by that the process would lose SQLite's locks on the file."""
    found = file.stat()
    key = found.st_dev, found.st_ino
    if key not in _descriptors:
        _descriptors[key] = os.open(file, os.O_RDONLY)
    return _descriptors[key]


def _set(connection: Connection, pragma: str, value: int) -> None:
    """Set it where it is another; only this module does."""
    if connection.info.get(pragma) != value:
        connection.exec_driver_sql(f"PRAGMA {pragma} = {value}")
        connection.info[pragma] = value


def _sync_until(descriptor: int, over: threading.Event) -> None:
    while not over.wait(_SYNC_SECONDS):
        with suppress(OSError):  # SQLite's own sync tells of it
            os.fdatasync(descriptor)

"""The database: connections that are durable, and one writer at a time on SQLite."""

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from app.config import Settings
from app.errors import Conflict, DiskFault, DiskFull, Locked, SettingsError, StoreUnavailable
from app.store.keyring import Keyring, options_with
from app.store.log_keeper import LogKeeper

_POSTGRESQL_OPTIONS = {  # notice within some 30 s that a server or the network has gone
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_POSTGRESQL_SESSION = {  # and the server, that this machine has gone: its locks hold up all others
    "tcp_keepalives_idle": 3,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 2,
    "tcp_user_timeout": 8_000,
    "idle_in_transaction_session_timeout": 5_000,  # a program that was stopped, or a line that stalls, in one
}
_STATEMENT_FAULTS = (
    "21",
    "54",
)  # PostgreSQL's classes of errors for rows that collide, and for what is too large
_CONFLICTS = ("40001", "40P01")  # PostgreSQL gave up one of two transactions that waited for each other
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_WRITING = (errno.EROFS, errno.EIO)
_SQLITE_KIND = 0xFF  # of an error's code; the rest says more of it
_SQLITE_KINDS = {
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_READONLY: DiskFault,
    sqlite3.SQLITE_IOERR: DiskFault,
    sqlite3.SQLITE_BUSY: Locked,
}
_LOCK_SECONDS = 3  # while it waits for a table that somebody reads long, all others wait behind it
_BUSY_SECONDS = 10  # only a writer that takes no turns, such as the sqlite3 shell, makes us wait for the lock


class Database:
    """Opens transactions; the only place that knows which database this is."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The database that the settings name, with their keys.

        Raises:
            SettingsError: as below.
        """
        return cls(settings.database_url, Keyring(settings.picture_keys))

    def __init__(self, url: str, keyring: Keyring | None = None) -> None:
        """`url`: as `Settings.database_url`. Nothing is opened before the first transaction.

        `keyring`: encrypts what shows faces; without one it is kept plain.

        Raises:
            SettingsError: the URL can't be understood.
        """
        self.url = _parsed(url)
        self.keyring = keyring or Keyring()
        self.sqlite_file = Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None
        self._log_keeper = LogKeeper(self.sqlite_file) if self.sqlite_file else None
        self.engine = create_engine(
            self.url,
            connect_args={"timeout": _BUSY_SECONDS} if self.sqlite_file else _POSTGRESQL_OPTIONS,
            pool_pre_ping=self.sqlite_file is None,
            execution_options=options_with(self.keyring),
            hide_parameters=True,  # an error's text must not hold a face
        )
        self.was_current = False  # whether `schema.require_usable` has found it so
        self._engines: dict[tuple[str, ...], Engine] = {}
        self._file_number: int | None = None
        self._turn_of_threads = threading.Lock()
        self._turn_file: IO[str] | None = None
        if self.sqlite_file:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", _prepare_postgresql)
            event.listen(self.engine, "do_executemany", _refuse_pipeline)
        self._reading = (
            self.engine
            if self.sqlite_file
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction to read in: it sees the database as it is at its first statement.

        Raises:
            StoreUnavailable: the database can't be reached or read.
        """
        with errors_told():
            self._require_same_file()
            with self._reading.connect() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that is durable once the block has ended, and rolled back if it raises.

        Raises:
            StoreUnavailable: the database can't be reached or written.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """Open a transaction as `write` does, in which SQLite lets tables be replaced that others refer to.

        Raises:
            StoreUnavailable: as above, or a reference leads nowhere afterwards.
        """
        if not self.sqlite_file:
            with self.write() as connection:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
                yield connection
            return
        try:
            with self._transaction("PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE") as connection:
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise StoreUnavailable(
                        "a table would refer to rows that are not there; nothing was changed"
                    )
        finally:
            self.close()  # new connections have foreign keys switched on

    @contextmanager
    def _transaction(self, *begin: str) -> Iterator[Connection]:
        with errors_told(), self._turn():
            self._require_same_file()
            with self._beginning(begin).begin() as connection:
                yield connection
                if self._log_keeper:
                    self._log_keeper.before_commit(connection)

    def _beginning(self, begin: tuple[str, ...]) -> Engine:
        """The engine whose transactions on SQLite begin so."""
        if begin not in self._engines:
            self._engines[begin] = self.engine.execution_options(se3_begin=begin)
        return self._engines[begin]

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for this process's turn to write.

        SQLite lets one writer in and has the others poll, which starves some for a second and more; a file
        lock wakes the next one at once.
        """
        if self.sqlite_file is None:
            yield
            return
        with self._turn_of_threads:  # the file is opened once, so its lock holds off others only
            turn = self._turn_file = _turn_file(self.sqlite_file, self._turn_file)
            fcntl.flock(turn, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(turn, fcntl.LOCK_UN)

    def _require_same_file(self) -> None:
        """SQLite goes on using a file that was moved or deleted, where nobody would look again."""
        if self.sqlite_file is None:
            return
        try:
            found = self.sqlite_file.stat().st_ino
        except FileNotFoundError:
            found = None
        if self._file_number is not None and found != self._file_number:
            self.engine.dispose()
            if found is None:
                raise StoreUnavailable("the database's file is gone")
        self._file_number = found

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        with self._turn_of_threads:
            if self._turn_file:
                self._turn_file.close()
            self._turn_file = None


def _turn_file(sqlite_file: Path, opened: IO[str] | None) -> IO[str]:
    """The file by which processes take turns: what is `opened`, unless another has its name by now."""
    path = sqlite_file.with_name(sqlite_file.name + ".turn")
    if opened and path.exists() and path.stat().st_ino == os.fstat(opened.fileno()).st_ino:
        return opened
    if opened:
        opened.close()
    sqlite_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.open("a")


@contextmanager
def errors_told() -> Iterator[None]:
    """Have what the database reports be an error of ours, whose text holds no face."""
    try:
        yield
    except (IntegrityError, DataError) as error:  # what was to be stored is wrong, not the database
        if _is_reference_lost(error):
            raise Conflict("what it refers to was removed meanwhile") from error
        raise
    except (DBAPIError, PoolTimeoutError, OSError) as error:
        state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
        if state.startswith(_STATEMENT_FAULTS):  # the same statement would fail again
            raise
        if state in _CONFLICTS:
            raise Conflict(f"another transaction stood in the way: {_first_line(error)}") from error
        raise _kind(error)(f"the database can't be used: {_first_line(error)}") from error


def _kind(error: Exception) -> type[StoreUnavailable]:
    """What keeps the database from being used, as far as it can be told."""
    if getattr(error, "errno", None) in _NO_SPACE:
        return DiskFull
    if getattr(error, "errno", None) in _NO_WRITING:
        return DiskFault
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0) & _SQLITE_KIND
    return _SQLITE_KINDS.get(code, StoreUnavailable)


def _is_reference_lost(error: DBAPIError) -> bool:
    """Whether a row was to refer to one that is not there: another transaction has removed that."""
    names = (getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorname", None))
    return bool({"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"} & {*names})


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # its text may hold the password
        raise SettingsError("DATABASE_URL can't be understood; is its port a number?") from None


def _first_line(error: Exception) -> str:
    """The driver's own words, without the statement: its parameters may hold a face."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(cause).__name__])[0]


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - narrows a type for mypy
    connection.isolation_level = None  # the driver must not begin transactions by itself: _begin_sqlite does
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        # Of a new file, before all else; of another it would write, and wait for all who do. Older files
        # need removal.space.rewrite.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",  # what is deleted, or moved within the file, is overwritten: it shows faces
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    for statement in connection.get_execution_options().get("se3_begin", ("BEGIN",)):
        connection.exec_driver_sql(statement)


def _refuse_pipeline(*_: object) -> None:
    """Psycopg flushes behind a pipeline; PostgreSQL then ends no transaction that is left idle."""
    raise NotImplementedError("execute a statement once for each row, or one statement for all")


def _prepare_postgresql(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = on")  # a server may default to less
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.execute("; ".join(f"SET {name} = {value}" for name, value in _POSTGRESQL_SESSION.items()))
    cursor.close()
    connection.commit()

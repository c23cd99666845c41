"""What a power cut would leave of an SQLite database: its files, copied as they are while it is written to.

The database file is copied first, then the log. Meanwhile others may write to the log, and copy pages from
it into the database file (a checkpoint): those pages are still in the log, and what is in the log counts.
So the copies are what a cut in the middle of a checkpoint leaves. Only once a checkpoint has got through
may the log begin anew, over its own pages. Had it done so between the two copies, they would not belong
together, as no cut leaves them. The log then has another header: such copies are thrown away and taken
again.
"""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copyfile

from app.errors import Se3Error, StoreUnavailable
from app.store.accounts import faults, timestamps
from app.store.database import Database

_WAL_HEADER_BYTES = 32  # with two salts that change whenever the log begins anew
_TRIES = 100


def cut(database: Path, acknowledged_by_now: Callable[[], frozenset[str]], folder: Path) -> str:
    """Copy the files as they are now, and try the copy; returns what is wrong with it, "" if nothing is.

    `acknowledged_by_now` gives the names of the events that the copy must hold, before it is begun. `folder`
    takes the copy; it stays there only if something is wrong.

    Raises:
        Se3Error: no copy of one moment came about.
    """
    copy = folder / f"cut-{time.time_ns()}.db"
    for _ in range(_TRIES):
        acknowledged = acknowledged_by_now()
        if _copy(database, copy):
            break
    else:
        raise Se3Error(f"the log of {database} began anew during each of {_TRIES} copies")
    if not (fault := _fault_of(copy, acknowledged)):
        for file in (copy, _beside(copy, "-wal"), _beside(copy, "-shm")):
            file.unlink(missing_ok=True)
    return fault


def _copy(database: Path, copy: Path) -> bool:
    """Whether both files are of one moment."""
    log = _beside(database, "-wal")
    header = _header(log)
    copyfile(database, copy)
    if header:
        try:
            copyfile(log, _beside(copy, "-wal"))
        except FileNotFoundError:  # the last connection was closed
            return False
    return _header(log) == header


def _header(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(_WAL_HEADER_BYTES)
    except FileNotFoundError:
        return b""


def _fault_of(copy: Path, acknowledged: frozenset[str]) -> str:
    try:
        with closing(Database(f"sqlite:///{copy}")) as database, database.read() as connection:
            if found := faults(connection):
                return f"{copy} is damaged: {found[0]}"
            missing = acknowledged - set(timestamps(connection))
    except StoreUnavailable as error:
        return f"{copy}: {error}"
    return f"{copy} lacks {len(missing)} acknowledged events" if missing else ""


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)

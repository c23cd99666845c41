"""What nobody uses any more: pictures without an event, and files of processes that were killed."""

import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from app.doctor.findings import Finding, ok, warning
from app.store.database import Database
from app.store.orphans import remove_unused_pictures, unused_pictures
from app.store.writer_files import WriterFiles

_SUBJECT = "leftovers"
_STILL_WRITTEN_SECONDS = 3600.0  # a file that changed so lately may be somebody's


def of_store_and_files(database: Database) -> Iterator[Finding]:
    """All of them."""
    found = [*_pictures(database), *_partial_copies(database), *_sockets(WriterFiles(database))]
    yield from found or [ok(_SUBJECT, "none")]


def _pictures(database: Database) -> Iterator[Finding]:
    with database.read() as connection:
        number, size = unused_pictures(connection)
    if number:
        yield warning(
            _SUBJECT,
            f"{number:,} pictures, {size / 1e6:,.1f} MB, belong to no event",
            "se3 doctor --fix deletes them.",
            lambda: f"{remove_unused_pictures(database):,} pictures without an event are deleted",
        )


def _partial_copies(database: Database) -> Iterator[Finding]:
    """What `se3 backup` and `restore` write before it is whole, if they were killed, beside the database."""
    if database.sqlite_file is None:
        return
    for file in sorted(database.sqlite_file.parent.glob("*.part")):
        if file.is_file() and time.time() - file.stat().st_mtime > _STILL_WRITTEN_SECONDS:
            text = f"{file} is part of a copy that was never finished"
            yield warning(_SUBJECT, text, "Delete it; it shows faces.", partial(_remove, file))


def _sockets(files: WriterFiles) -> Iterator[Finding]:
    path = Path(files.socket)
    if path.is_socket() and not files.is_locked and not _listens(files.socket):
        text = f"{path} is the socket of a writer process that was killed"
        yield warning(_SUBJECT, text, "The next one takes its place; it does no harm.", lambda: _remove(path))


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _remove(file: Path) -> str:
    file.unlink(missing_ok=True)
    return f"{file} is deleted"

"""Makes a backup and puts one back, whichever database it is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import BackupError
from app.store.backups import postgresql, sqlite
from app.store.database import Database
from app.store.schema import require_current


def back_up(database: Database, target: Path) -> None:
    """Write the database as it is at one moment into a new file; others go on using it meanwhile.

    The file is there only once it is whole, checked and on the disk.

    Raises:
        BackupError: it can't be made, or `target` exists.
        WrongSchema: the database is not of this program's version.
    """
    require_current(database)
    if target.exists():
        raise BackupError(f"{target} exists; name a new file")
    copy = sqlite.copy if database.sqlite_file else postgresql.dump
    with _whole(target) as part:
        copy(database, part)


def restore(database: Database, backup: Path) -> None:
    """Put a backup back, where there is no database yet, or an empty one.

    Raises:
        BackupError: it can't be, or there is something already.
    """
    if database.sqlite_file is None:
        postgresql.load(database, backup)
        return
    target = database.sqlite_file
    if found := [file for ending in ("", "-wal", "-shm") if (file := Path(f"{target}{ending}")).exists()]:
        raise BackupError(f"{found[0]} exists: stop everything, move it away, and restore again")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _whole(target) as part:
        sqlite.copy(Database(f"sqlite:///{backup}"), part)
        sqlite.require_ours(part)


def _make(part: Path) -> None:
    """Make an empty file that only this user may read, in place of what an earlier attempt left there.

    Raises:
        BackupError: it can't be made; there is something else, say, and faces must not go there.
    """
    try:
        if part.is_file() and not part.is_symlink():
            part.unlink()
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600))
    except OSError as error:
        raise BackupError(f"{part} can't be made: {error}") from error


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A file to write into that gets its name, `target`, once it is whole and on the disk."""
    part = target.with_name(target.name + ".part")
    _make(part)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.rename(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BackupError(f"{target} can't be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)

"""Where the processes of one database meet: the writer process's socket, and the lock of who runs it."""

import fcntl
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from app.errors import StoreUnavailable
from app.store.database import Database


class WriterFiles:
    """Beside an SQLite file; for PostgreSQL in this user's folder in the system's for temporary files."""

    def __init__(self, database: Database) -> None:
        """Create their folder if it is missing.

        Raises:
            StoreUnavailable: it can't be; or PostgreSQL's is another user's, or others may write to it.
        """
        try:
            base = database.sqlite_file or _private_folder() / _name(database)
            base.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreUnavailable(f"the writer process has no place: {error}") from error
        self.lock = base.with_name(base.name + ".writer.lock")
        self.socket = _shortest(base.with_name(base.name + ".writer"))

    @property
    def is_locked(self) -> bool:
        """Whether a receiver runs: one of its processes runs the writer process."""
        with self.lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


def _private_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"se3-{os.getuid()}"
    folder.mkdir(exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StoreUnavailable(f"{folder} must be a folder that is this user's and no other's; remove it")
    return folder


def _name(database: Database) -> str:
    """Tells databases apart, and says nothing of them."""
    settings = {
        name: value for name, value in os.environ.items() if name.startswith("PG")
    }  # libpq reads them
    settings.pop("PGPASSWORD", None)
    told = database.url.render_as_string(hide_password=True), sorted(settings.items())
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _shortest(path: Path) -> str:
    """A socket's path as it can be said from here: it can have some 100 bytes."""
    whole = str(path.absolute())
    return min(whole, os.path.relpath(whole), key=len)

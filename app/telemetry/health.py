"""Is this process able to take events? For load balancers, systemd and people."""

import shutil
import threading
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import structlog

from app.config import Settings
from app.errors import StoreUnavailable, WrongSchema
from app.store.database import Database
from app.store.schema import require_usable
from app.store.spool.spool import spool_of

_PROMPT_SECONDS = 0.5

log = structlog.get_logger(__name__)


def faults(settings: Settings, database: Database) -> list[str]:
    """Everything that keeps the receiver from taking events, one sentence each; empty when all is well.

    The MQTT broker does not count: while it is away, events wait in the outbox. Nor does PostgreSQL, as long
    as they can wait in the spool.
    """
    found = _faults_of_database(settings, database)
    free = disk_bytes(settings, database)[1] // 2**20
    if free < settings.disk_floor_mb:
        found.append(f"{free} MB of disk are free; DISK_FLOOR_MB asks for {settings.disk_floor_mb} MB")
    return found


def _faults_of_database(settings: Settings, database: Database) -> list[str]:
    try:
        _require_usable_soon(database)
    except WrongSchema as error:
        return [str(error)]
    except StoreUnavailable as error:
        log.error("store_unavailable", reason=str(error))
        if not _has_spool(settings):
            return ["the database can't be used; the log says why"]  # strangers may ask
    return []


def _require_usable_soon(database: Database) -> None:
    """As `require_usable`, for who asks with a time limit: a PostgreSQL that hangs is one that is away."""
    if database.sqlite_file:
        require_usable(database)
        return
    told: Future[None] = Future()

    def ask() -> None:
        try:
            require_usable(database)
            told.set_result(None)
        except Exception as error:  # noqa: BLE001 - who asked gets it
            told.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        told.result(_PROMPT_SECONDS)
    except TimeoutError:
        raise StoreUnavailable(f"the database took longer than {_PROMPT_SECONDS:g} s") from None


def disk_bytes(settings: Settings, database: Database) -> tuple[int, int]:
    """Size and free part of the disk where SQLite's file is; with PostgreSQL, where the spool is."""
    usage = shutil.disk_usage(_existing((database.sqlite_file or settings.spool_path).parent))
    return usage.total, usage.free


def _has_spool(settings: Settings) -> bool:
    """Whether there is a spool, and it can be written."""
    spool = spool_of(settings)
    if spool is None:
        return False
    try:
        with closing(spool):
            spool.prepare()
    except StoreUnavailable as error:
        log.error("spool_failed", file=str(spool.file), reason=str(error))
        return False
    return True


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())

"""Is this process able to take events? For load balancers, systemd and people."""

import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import structlog

from app.config import Settings
from app.errors import StoreUnavailable, WrongSchema
from app.store.database import Database
from app.store.keys_in_use import missing_keys
from app.store.schema import require_usable
from app.store.spool.spool import Spooled, spool_of, spooled
from app.telemetry.asking import asked_soon

_PROBE_BYTES = 4096  # a block

log = structlog.get_logger(__name__)


def faults(settings: Settings, database: Database) -> list[str]:
    """Everything that keeps the receiver from taking events, one sentence each; empty when all is well.

    The MQTT broker does not count: while it is away, events wait in the outbox. Nor does PostgreSQL, as long
    as they can wait in the spool.
    """
    found = _faults_of_database(settings, database)
    if fault := disk_fault(settings, database):
        found.append(fault)
    free = disk_bytes(settings, database)[1] // 2**20
    if free < settings.disk_floor_mb:
        found.append(f"{free} MB of disk are free; DISK_FLOOR_MB asks for {settings.disk_floor_mb} MB")
    return found


def warnings(settings: Settings, database: Database) -> list[str]:
    """What keeps no event away, but needs a look all the same, one sentence each."""
    try:
        missing = asked_soon(database, lambda asked: missing_keys(asked, settings))
    except StoreUnavailable:  # which is a fault
        return []
    if missing:
        log.error("picture_keys_missing", keys=missing)
    return [f"what key {key} encrypted can't be read: add it to PICTURE_KEYS" for key in missing]


def disk_fault(settings: Settings, database: Database) -> str | None:
    """Why nothing can be written beside SQLite's file, None if it can. Reads alone would not tell."""
    if not database.sqlite_file:
        return None
    try:
        with tempfile.TemporaryFile(dir=_folder(settings, database), buffering=0) as probe:
            probe.write(bytes(_PROBE_BYTES))
    except OSError as error:
        return f"nothing can be written beside the database: {error.strerror}"
    return None


def spooled_here(settings: Settings) -> Spooled | None:
    """What waits in this machine's spool; None if it can't be read, which keeps no event away."""
    try:
        return spooled(settings)
    except StoreUnavailable as error:
        log.error("spool_failed", file=str(settings.spool_path), reason=str(error))
        return None


def _faults_of_database(settings: Settings, database: Database) -> list[str]:
    try:
        asked_soon(database, require_usable)
    except WrongSchema as error:
        return [str(error)]
    except StoreUnavailable as error:
        log.error("store_unavailable", reason=str(error))
        if not _has_spool(settings):
            return ["the database can't be used; the log says why"]  # strangers may ask
    return []


def disk_bytes(settings: Settings, database: Database) -> tuple[int, int]:
    """Size and free part of the disk where SQLite's file is; with PostgreSQL, where the spool is."""
    usage = shutil.disk_usage(_folder(settings, database))
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


def _folder(settings: Settings, database: Database) -> Path:
    """Where SQLite's file is or will be; with PostgreSQL, the spool."""
    return next(path for path in (database.sqlite_file or settings.spool_path).parents if path.exists())

"""Is this process able to take events? For load balancers, systemd and people."""

import shutil
from pathlib import Path

import structlog

from app.config import ROOT, Settings
from app.errors import StoreUnavailable, WrongSchema
from app.store.database import Database
from app.store.schema import require_usable

log = structlog.get_logger(__name__)


def faults(settings: Settings, database: Database) -> list[str]:
    """Everything that keeps the receiver from taking events, one sentence each; empty when all is well.

    The MQTT broker does not count: while it is away, events wait in the outbox.
    """
    found = []
    try:
        require_usable(database)
    except WrongSchema as error:
        found.append(str(error))
    except StoreUnavailable as error:
        log.error("store_unavailable", reason=str(error))
        found.append("the database can't be used; the log says why")  # strangers may ask
    free = free_disk_mb(database)
    if free < settings.disk_floor_mb:
        found.append(f"{free} MB of disk are free; DISK_FLOOR_MB asks for {settings.disk_floor_mb} MB")
    return found


def free_disk_mb(database: Database) -> int:
    """Free disk in MB, see `disk_bytes`."""
    return disk_bytes(database)[1] // 2**20


def disk_bytes(database: Database) -> tuple[int, int]:
    """Size and free part of the disk where SQLite's file is; with PostgreSQL, where this program is."""
    folder = database.sqlite_file.parent if database.sqlite_file else ROOT
    usage = shutil.disk_usage(_existing(folder))
    return usage.total, usage.free


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())

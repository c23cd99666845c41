"""The machine that this runs on: its disk and its clock, beside the database's clock and the boxes'."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app.config import Settings
from app.doctor.findings import Finding, ok, warning, wrong
from app.domain.known_boxes import CLOCKS_AGREE, KnownBox
from app.domain.senders import hours_until
from app.domain.texts import shown
from app.store import clock
from app.store.all_boxes import all_boxes
from app.store.database import Database
from app.store.queries import newest_event_at
from app.store.size import size_bytes
from app.telemetry.health import disk_bytes

_CLOCK = "clock"
_FEW_FLOORS = 4  # times DISK_FLOOR_MB: then it is time to look
_BEHIND = timedelta(minutes=5)  # a box's events may be some minutes late without its clock being wrong


def of_disk(settings: Settings, database: Database) -> Iterator[Finding]:
    """How much is free, beside DISK_FLOOR_MB and the size of the database."""
    free = disk_bytes(settings, database)[1] // 2**20
    with database.read() as connection:
        size = size_bytes(database, connection) // 2**20
    text = f"{free:,} MB are free, and the database has {size:,} MB"
    if free < settings.disk_floor_mb:
        yield wrong("disk", f"{text}: less than DISK_FLOOR_MB, {settings.disk_floor_mb} MB", "Free some.")
    elif free < _FEW_FLOORS * settings.disk_floor_mb:
        yield warning("disk", text, "Free some before it gets less than DISK_FLOOR_MB.")
    else:
        yield ok("disk", text)


def of_clocks(database: Database) -> Iterator[Finding]:
    """Whether the clocks of this machine, of the database and of the boxes agree."""
    with database.read() as connection:
        database_now, now = clock.now(connection), datetime.now(UTC)
        newest = newest_event_at(connection)
        boxes = all_boxes(connection, hours_until(now))
    found = [
        *_beside_database(now - database_now),
        *_beside_events(newest, database_now),
        *(finding for box in boxes for finding in _of_box(box)),
    ]
    yield from found or [
        ok(_CLOCK, f"{now.astimezone():%Y-%m-%d %H:%M:%S %Z}; no event and no box speaks against it")
    ]


def _beside_database(ahead: timedelta) -> Iterator[Finding]:
    if abs(ahead) > CLOCKS_AGREE:
        text = f"this machine's is {_span(ahead)} the database server's"
        yield wrong(_CLOCK, text, "Have both ask a time server: timedatectl set-ntp true")


def _beside_events(newest: datetime | None, now: datetime) -> Iterator[Finding]:
    if newest and newest - now > CLOCKS_AGREE:
        yield warning(
            _CLOCK,
            f"it was put back: the newest event came at {newest.astimezone():%Y-%m-%d %H:%M:%S}",
            "Have it ask a time server: timedatectl set-ntp true. Until then new events stand below it.",
        )


def _of_box(box: KnownBox) -> Iterator[Finding]:
    lag = box.least_lag
    if lag is not None and not -CLOCKS_AGREE <= lag <= _BEHIND:
        is_late = ", or all its events came late" if lag > timedelta() else ""
        yield warning(
            _CLOCK,
            f"that of box {shown(box.name)} is {_span(-lag)} this machine's{is_late}",
            "Set the box's clock, or name a time server in it.",
        )


def _span(ahead: timedelta) -> str:
    word = "ahead of" if ahead > timedelta() else "behind"
    return f"{timedelta(seconds=round(abs(ahead).total_seconds()))} {word}"

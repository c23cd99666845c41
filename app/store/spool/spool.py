"""The spool: an SQLite file on this machine, in which requests wait for PostgreSQL, in their order."""

import shutil
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Integer, LargeBinary, delete, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.config import Settings
from app.domain.events import NewEvent
from app.errors import StoreUnavailable
from app.store.batches import Item
from app.store.database import Database
from app.store.models import UtcDateTime
from app.store.spool.items import dumped

_MOST_BYTES = 8 * 2**20  # that are read at a time
_ROOM_BYTES = 32 * 2**20  # of the disk, that a spool which is emptied needs for its log


class _Base(DeclarativeBase):
    pass


class SpoolRow(_Base):
    """One request. `events` of its items are events; an `id` is never given again."""

    __tablename__ = "spool"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads this as a class attribute

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    spooled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    events: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Spooled:
    """What waits: so many requests with so many events, the oldest since `oldest_at`, None if none does."""

    requests: int
    events: int
    oldest_at: datetime | None


class Spool:
    """Keeps requests as durably as the database does, until they are removed."""

    def __init__(self, file: Path) -> None:
        """`file` is made when it is needed first."""
        self.file = file
        self._database = _opened(file)

    def prepare(self) -> None:
        """Make the file, if it is not there.

        Raises:
            StoreUnavailable: it can't be made or written.
        """
        with self._database.write() as connection:
            _Base.metadata.create_all(connection)

    def put(self, requests: Sequence[Sequence[Item]]) -> None:
        """Keep the items of each of these requests; returns once they are on disk.

        Raises:
            StoreUnavailable: the file can't be written, or so little disk is free that nothing could be taken
                out any more.
        """
        now = datetime.now(UTC)
        rows = [_row(items, now) for items in requests]
        if shutil.disk_usage(self.file.parent).free < _ROOM_BYTES:
            raise StoreUnavailable(f"the disk of {self.file} is full")
        try:
            self._insert(rows)
        except StoreUnavailable:  # it may have been deleted, or never been made
            self._database.close()
            self._database = _opened(self.file)
            self.prepare()
            self._insert(rows)

    def _insert(self, rows: list[dict[str, object]]) -> None:
        with self._database.write() as connection:
            connection.execute(insert(SpoolRow), rows)

    def waiting(self) -> Spooled:
        """How much waits.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        if not self.file.exists():
            return Spooled(0, 0, None)
        query = select(
            func.count(), func.coalesce(func.sum(SpoolRow.events), 0), func.min(SpoolRow.spooled_at)
        )
        with self._database.read() as connection:
            return Spooled(*connection.execute(query).one())

    def oldest(self, after: int, most: int) -> dict[int, bytes]:
        """Ids and contents of the requests that have waited longest, of those behind the id `after`.

        So many at `most`, and no more than fit into some MB.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        if not self.file.exists():
            return {}
        with self._database.read() as connection:
            ids = _next_ids(connection, after, most)
            query = select(SpoolRow.id, SpoolRow.content).where(SpoolRow.id.in_(ids))
            return {row.id: row.content for row in connection.execute(query.order_by(SpoolRow.id))}

    def remove(self, ids: Collection[int]) -> None:
        """Take requests out.

        Raises:
            StoreUnavailable: the file can't be written; they will be there again.
        """
        with self._database.write() as connection:
            connection.execute(delete(SpoolRow).where(SpoolRow.id.in_(ids)))

    @property
    def move_lock(self) -> Path:
        """The file that is locked by who moves requests, or changes them."""
        return self.file.with_name(self.file.name + ".drain")

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _opened(file: Path) -> Database:
    return Database(f"sqlite:///{file}")


def spool_of(settings: Settings) -> Spool | None:
    """The spool that the settings ask for; SQLite has none, for it would be on the same disk."""
    if settings.database_url.startswith("sqlite:"):
        return None
    return Spool(settings.spool_path)


def spooled(settings: Settings) -> Spooled:
    """How much waits in this machine's spool; nothing where there is none.

    Raises:
        StoreUnavailable: the file can't be read.
    """
    spool = spool_of(settings)
    if spool is None:
        return Spooled(0, 0, None)
    with closing(spool):
        return spool.waiting()


def _next_ids(connection: Connection, after: int, most: int) -> list[int]:
    """As many as are read at a time; at least one, if there is any."""
    query = select(SpoolRow.id, func.length(SpoolRow.content)).where(SpoolRow.id > after)
    ids: list[int] = []
    total = 0
    for row_id, size in connection.execute(query.order_by(SpoolRow.id).limit(most)):
        total += size
        if ids and total > _MOST_BYTES:
            break
        ids.append(row_id)
    return ids


def _row(items: Sequence[Item], now: datetime) -> dict[str, object]:
    events = sum(isinstance(item, NewEvent) for item in items)
    return {"spooled_at": now, "events": events, "content": dumped(items)}

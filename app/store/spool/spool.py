"""The spool: an SQLite file on this machine, in which requests wait for PostgreSQL, in their order."""

import fcntl
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Integer, LargeBinary, delete, func, insert, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.config import Settings
from app.domain.events import NewEvent
from app.store.batches import Item
from app.store.database import Database
from app.store.models import UtcDateTime
from app.store.spool.items import dumped, loaded

_MOST_REQUESTS = 64  # that are read at a time
_MOST_BYTES = 16 * 2**20


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
        self._database = Database(f"sqlite:///{file}")

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
            StoreUnavailable: the file can't be written.
        """
        now = datetime.now(UTC)
        with self._database.write() as connection:
            _Base.metadata.create_all(connection)
            connection.execute(insert(SpoolRow), [_row(items, now) for items in requests])

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

    def oldest(self, but: Collection[int] = ()) -> list[tuple[int, bytes]]:
        """Ids and contents of the requests that have waited longest, some at a time, `but` these ids.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        if not self.file.exists():
            return []
        with self._database.read() as connection:
            query = select(SpoolRow.id, SpoolRow.content).where(SpoolRow.id.in_(_next_ids(connection, but)))
            return [(row.id, row.content) for row in connection.execute(query.order_by(SpoolRow.id))]

    def remove(self, ids: Sequence[int]) -> None:
        """Take requests out.

        Raises:
            StoreUnavailable: the file can't be written; they will be there again.
        """
        with self._database.write() as connection:
            connection.execute(delete(SpoolRow).where(SpoolRow.id.in_(ids)))

    def remove_items(self, is_to_go: Callable[[Item], bool]) -> list[Item]:
        """Take out these items, while nobody moves any; returns them. What can't be read stays.

        Raises:
            StoreUnavailable: the file can't be read or written; what was taken out stays so.
        """
        gone: list[Item] = []
        if not self.file.exists():
            return gone
        with self.move_lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self._database.read() as connection:
                ids = list(connection.scalars(select(SpoolRow.id)))
            for row_id in ids:
                with self._database.write() as connection:
                    gone += _taken_out(connection, row_id, is_to_go)
        return gone

    @property
    def move_lock(self) -> Path:
        """The file that is locked by who moves requests, or changes them."""
        return self.file.with_name(self.file.name + ".drain")

    def close(self) -> None:
        """Close the file."""
        self._database.close()


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


def _next_ids(connection: Connection, but: Collection[int]) -> list[int]:
    """As many as are read at a time; at least one, if there is any."""
    query = select(SpoolRow.id, func.length(SpoolRow.content)).where(SpoolRow.id.not_in(but))
    ids: list[int] = []
    total = 0
    for row_id, size in connection.execute(query.order_by(SpoolRow.id).limit(_MOST_REQUESTS)):
        total += size
        if ids and total > _MOST_BYTES:
            break
        ids.append(row_id)
    return ids


def _taken_out(connection: Connection, row_id: int, is_to_go: Callable[[Item], bool]) -> list[Item]:
    content = connection.scalar(select(SpoolRow.content).where(SpoolRow.id == row_id))
    try:
        items = loaded(content) if content else []
    except Exception:  # noqa: BLE001 - cattrs raises many; who moves requests tells of it
        return []
    gone = [item for item in items if is_to_go(item)]
    rest = [item for item in items if not is_to_go(item)]
    if gone and rest:
        values = {"events": _events_in(rest), "content": dumped(rest)}
        connection.execute(update(SpoolRow).where(SpoolRow.id == row_id).values(values))
    elif gone:
        connection.execute(delete(SpoolRow).where(SpoolRow.id == row_id))
    return gone


def _events_in(items: Sequence[Item]) -> int:
    return sum(isinstance(item, NewEvent) for item in items)


def _row(items: Sequence[Item], now: datetime) -> dict[str, object]:
    return {"spooled_at": now, "events": _events_in(items), "content": dumped(items)}

"""The spool: an SQLite file on this machine, in which requests wait for PostgreSQL, in their order."""

import fcntl
import os
import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Integer, LargeBinary, delete, func, insert, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.config import Settings
from app.domain.events import NewEvent
from app.errors import StoreUnavailable
from app.store.batches import Item
from app.store.database import Database, errors_told
from app.store.keyring import Kept, Keyring
from app.store.models import UtcDateTime
from app.store.removal.space import flush, give_back
from app.store.spool.items import dumped, loaded

_MOST_BYTES = 8 * 2**20  # that are read at a time
_MOST_REQUESTS = 100  # likewise
_CONTEXT = b"se3 spool"  # what is encrypted stays tied to it
_LOOKED_AT = 100  # requests, for the keys that they need
_ROOM_BYTES = 32 * 2**20  # of the disk, that a spool which is emptied needs for its log


class _Base(DeclarativeBase):
    pass


class SpoolRow(_Base):
    """One request. `events` of its items are events; an `id` is never given again.

    `key_id` names the key that `content` is encrypted with; None: it is plain.
    """

    __tablename__ = "spool"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads this as a class attribute

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    spooled_at: Mapped[datetime] = mapped_column(UtcDateTime)
    events: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[bytes | None] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Spooled:
    """What waits: so many requests with so many events, the oldest since `oldest_at`, None if none does."""

    requests: int
    events: int
    oldest_at: datetime | None


class Spool:
    """Keeps requests as durably as the database does, until they are removed."""

    def __init__(self, file: Path, keyring: Keyring | None = None) -> None:
        """`file` is made when it is needed first; `keyring` encrypts what is in it."""
        self.file = file
        self._keyring = keyring or Keyring()
        self._database = _opened(file)

    def prepare(self) -> None:
        """Make the file, and the one that is locked, if they are not there.

        Raises:
            StoreUnavailable: it can't be made or written.
        """
        with self._database.write() as connection:
            _Base.metadata.create_all(connection)
        self.open_move_lock().close()

    def put(self, requests: Sequence[Sequence[Item]]) -> None:
        """Keep the items of each of these requests; returns once they are on disk.

        Raises:
            StoreUnavailable: the file can't be written, or so little disk is free that nothing could be taken
                out any more.
        """
        now = datetime.now(UTC)
        rows = [self._row(items, now) for items in requests]
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
        if not self._is_there():
            return Spooled(0, 0, None)
        query = select(
            func.count(), func.coalesce(func.sum(SpoolRow.events), 0), func.min(SpoolRow.spooled_at)
        )
        with self._database.read() as connection:
            return Spooled(*connection.execute(query).one())

    def oldest(self, after: int, most: int) -> dict[int, Kept]:
        """Ids and contents, for `items_in`, of the requests that have waited longest behind the id `after`.

        So many at `most`, and no more than fit into some MB.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        if not self._is_there():
            return {}
        with self._database.read() as connection:
            ids = _next_ids(connection, after, most)
            query = select(SpoolRow.id, SpoolRow.content, SpoolRow.key_id).where(SpoolRow.id.in_(ids))
            rows = connection.execute(query.order_by(SpoolRow.id))
            return {row.id: Kept(row.content, row.key_id) for row in rows}

    def key_ids(self) -> set[bytes]:
        """The keys of the requests that have waited longest: those that can be read are soon moved.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        if not self._is_there():
            return set()
        with self._database.read() as connection:
            found = connection.scalars(select(SpoolRow.key_id).order_by(SpoolRow.id).limit(_LOOKED_AT))
            return {key_id for key_id in found if key_id is not None}

    def items_in(self, content: Kept) -> list[Item]:
        """The items of a request.

        Raises:
            Exception: of any class; its key is missing, another version wrote it, or the file is damaged.
        """
        return loaded(self._keyring.decrypt(content, _CONTEXT))

    def remove(self, ids: Collection[int]) -> None:
        """Take requests out.

        Raises:
            StoreUnavailable: the file can't be written; they will be there again.
        """
        with self._database.write() as connection:
            connection.execute(delete(SpoolRow).where(SpoolRow.id.in_(ids)))

    def _row(self, items: Sequence[Item], now: datetime) -> dict[str, object]:
        content, key_id = self._keyring.encrypt(dumped(items), _CONTEXT)
        return {"spooled_at": now, "events": _events_in(items), "content": content, "key_id": key_id}

    def give_back(self) -> None:
        """Make the file shorter by what was taken out, in small steps, and empty the log beside it.

        Raises:
            StoreUnavailable: the file can't be written.
        """
        give_back(self._database, kept_part=0.0)
        flush(self._database)

    def find_items(self, is_wanted: Callable[[Item], bool]) -> list[Item]:
        """These items. What can't be read is not among them.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        found: list[Item] = []
        after = 0
        while contents := self.oldest(after, _MOST_REQUESTS):
            for content in contents.values():
                found += filter(is_wanted, self._readable(content) or [])
            after = max(contents)
        return found

    def remove_items(self, is_to_go: Callable[[Item], bool]) -> tuple[list[Item], int]:
        """Take out these items, while nobody moves any; nothing is left of them in the log beside the file.

        Returns them, and how many requests stay because they can't be read.

        Raises:
            StoreUnavailable: the file can't be read or written; what was taken out stays so.
        """
        gone: list[Item] = []
        unread = 0
        if not self._is_there():
            return gone, unread
        with self.open_move_lock() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self._database.read() as connection:
                ids = list(connection.scalars(select(SpoolRow.id)))
            for row_id in ids:
                with self._database.write() as connection:
                    found = self._taken_out(connection, row_id, is_to_go)
                gone += found or []
                unread += found is None
            flush(self._database)
        return gone, unread

    def _taken_out(
        self, connection: Connection, row_id: int, is_to_go: Callable[[Item], bool]
    ) -> list[Item] | None:
        """Those of a request, None if it can't be read."""
        query = select(SpoolRow.content, SpoolRow.key_id, SpoolRow.spooled_at).where(SpoolRow.id == row_id)
        content, key_id, spooled_at = connection.execute(query).one()
        items = self._readable(Kept(content, key_id))
        if items is None:
            return None
        gone = [item for item in items if is_to_go(item)]
        rest = [item for item in items if not is_to_go(item)]
        if gone and rest:
            values = self._row(rest, spooled_at)
            connection.execute(update(SpoolRow).where(SpoolRow.id == row_id).values(values))
        elif gone:
            connection.execute(delete(SpoolRow).where(SpoolRow.id == row_id))
        return gone

    def _readable(self, content: Kept) -> list[Item] | None:
        try:
            return self.items_in(content)
        except Exception:  # noqa: BLE001 - cattrs raises many; who moves requests tells of it
            return None

    def _is_there(self) -> bool:
        with errors_told():  # its folder may be closed to this user
            return self.file.exists()

    def open_move_lock(self) -> IO[str]:
        """Open the file that is locked by who moves requests, or changes them; make it if it is not there.

        Only to read, which is enough to lock it: another user may have made it, root for instance.

        Raises:
            StoreUnavailable: it can't be made or opened.
        """
        with errors_told():
            path = self.file.with_name(self.file.name + ".drain")
            return os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT, 0o644))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _opened(file: Path) -> Database:
    return Database(f"sqlite:///{file}")


def spool_of(settings: Settings) -> Spool | None:
    """The spool that the settings ask for; SQLite has none, for it would be on the same disk."""
    if settings.database_url.startswith("sqlite:"):
        return None
    return Spool(settings.spool_path, Keyring(settings.picture_keys))


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


def spooled_key_ids(settings: Settings) -> set[bytes]:
    """The keys that this machine's spool needs; see `Spool.key_ids`.

    Raises:
        StoreUnavailable: the file can't be read.
    """
    spool = spool_of(settings)
    if spool is None:
        return set()
    with closing(spool):
        return spool.key_ids()


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


def _events_in(items: Sequence[Item]) -> int:
    return sum(isinstance(item, NewEvent) for item in items)

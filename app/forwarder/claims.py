"""From the outbox to what can be posted: claims rows and maps their events."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import structlog

from app.domain.events import FaceEvent
from app.domain.picture_links import PictureLinks
from app.domain.sightings import attributes_to_skip_by, reason_to_skip
from app.enos.mapping.mapping import Mapping
from app.enos.mapping.picture_members import urls
from app.enos.messages import MOST_BYTES, encode_element, envelope_bytes
from app.errors import MappingError, StoreUnavailable
from app.forwarder.posts import Post
from app.forwarder.results import Results
from app.store import channels, outbox, pictures
from app.store.database import Database
from app.store.event_parts import parts_of
from app.store.settlements import Claimed

Shown = dict[UUID, list[tuple[str, bytes]]]
"""Field and SHA-256 of each picture, by the id of the event that shows it."""

_SLICE = 50  # rows: so many whole events are in memory at once, and each may be of megabytes

log = structlog.get_logger(__name__)


class Claims:
    """Claims rows for one channel; nothing but the outbox tells it what there is to do.

    `has_more`: the last claim took as many as it might, so that more may be due.
    """

    def __init__(
        self,
        database: Database,
        channel: str,
        forwarder_id: UUID,
        mapping: Mapping,
        enos_events: str,
        results: Results,
        links: PictureLinks | None = None,
        is_time: Callable[[], bool] = lambda: True,
    ) -> None:
        """`forwarder_id`: who must hold the channel; `enos_events` says which events go to EnOS.

        `results` gets what becomes of rows that make no post. `links`: for a mapping that wants pictures.
        `is_time`: whether a look into the outbox is worth it, see `app.store.looks`.
        """
        self._database = database
        self._channel = channel
        self._forwarder_id = forwarder_id
        self._mapping = mapping
        self._enos_events = enos_events
        self._envelope_bytes = envelope_bytes(mapping.mode)
        self._attributes = mapping.attributes | attributes_to_skip_by(enos_events)
        self._results = results
        self._links = links
        self._is_time = is_time
        self.has_more = False
        self._claimed: list[Claimed] = []
        self._ready: list[Post] = []
        self._doubtful: list[UUID] = []

    def take(self, limit: int) -> list[Post]:
        """Claim up to `limit` rows that are due, and turn each into a post; what makes none is a result.

        Raises:
            StoreUnavailable: the database can't be used; what is claimed by now is taken by the next call.
        """
        if not self._claimed:
            self._claimed = self._claim(limit)
            self.has_more = len(self._claimed) == limit
        while some := self._claimed[:_SLICE]:
            self._ready += self._posts(some)
            del self._claimed[:_SLICE]
        posts, self._ready = self._ready, []
        return posts

    def forget(self) -> None:
        """Give back what is claimed and was not taken yet, for any channel to take."""
        for row in (*self._claimed, *(post.row for post in self._ready)):
            self._results.stray(row, outbox.UNROUTED)
        self._claimed, self._ready = [], []

    def _posts(self, rows: Sequence[Claimed]) -> list[Post]:
        ids = [row.event_id for row in rows]
        found, shown = self._events(rows), self._pictures(ids)
        posts = [self._post(row, found.get(row.id), shown) for row in rows]
        return [post for post in posts if post]

    def _claim(self, limit: int) -> list[Claimed]:
        now = datetime.now(UTC)
        if not self._doubtful and not self.has_more and not self._is_anything_due(now):
            return []
        with self._database.write() as connection:
            for token in self._doubtful:
                outbox.free(connection, token)
            if not channels.is_held_by(connection, self._channel, self._forwarder_id):
                return []
            token = uuid4()
            self._doubtful.append(token)  # whoever loses the answer to a COMMIT does not know its outcome
            claimed = outbox.claim(connection, self._channel, token, now, limit)
        self._doubtful.clear()
        return claimed

    def _is_anything_due(self, now: datetime) -> bool:
        if not self._is_time():
            return False
        with self._database.read() as connection:
            return outbox.anything_due(connection, self._channel, now)

    def _events(self, rows: Sequence[Claimed]) -> dict[int, FaceEvent]:
        """The events of these rows, but for those that can't be read; these must not hold up the others."""
        if not rows:
            return {}
        try:
            with self._database.read() as connection:
                return parts_of(connection, rows, self._attributes)
        except StoreUnavailable:
            raise
        except Exception:
            if half := len(rows) // 2:
                return self._events(rows[:half]) | self._events(rows[half:])
            log.exception("event_not_read", id=str(rows[0].event_id))
            return {}

    def _pictures(self, ids: Sequence[UUID]) -> Shown:
        if not self._links or not ids:
            return {}
        with self._database.read() as connection:
            return pictures.shown_by(connection, ids)

    def _post(self, row: Claimed, event: FaceEvent | None, shown: Shown) -> Post | None:
        if event is None:
            self._results.parked(row, None, "the event can't be read; see the forwarder's log")
        elif reason := self._reason_to_skip(event):
            self._results.skipped(row, reason, self._mapping.channel_of(event) or outbox.UNROUTED)
        elif (channel := self._mapping.channel_of(event)) and channel != self._channel:
            self._results.stray(row, channel)
        else:
            return self._mapped(row, event, shown.get(row.event_id, []))
        return None

    def _reason_to_skip(self, event: FaceEvent) -> str | None:
        return reason_to_skip(event, self._enos_events) or self._mapping.reason_to_skip(event)

    def _mapped(self, row: Claimed, event: FaceEvent, shown: Sequence[tuple[str, bytes]]) -> Post | None:
        try:
            return Post(row, self._element(event, shown))
        except MappingError as error:
            self._results.parked(row, None, str(error))
        except Exception:  # an event that this program fails on must not hold up the others
            log.exception("event_not_mapped", id=str(row.event_id))
            self._results.parked(row, None, "the forwarder failed on this event; see its log")
        return None

    def _element(self, event: FaceEvent, shown: Sequence[tuple[str, bytes]]) -> bytes:
        links = urls(self._links, shown, datetime.now(UTC)) if self._links else {}
        element = encode_element(self._mapping.element(event, links))
        size = len(element) + self._envelope_bytes
        if size > MOST_BYTES:
            raise MappingError(f"the message has {size} bytes; EnOS takes {MOST_BYTES}")
        return element

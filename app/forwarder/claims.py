"""From the outbox to what can be posted: claims rows and maps their events."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import structlog

from app.domain.events import FaceEvent
from app.domain.picture_links import PictureLinks
from app.domain.sightings import reason_to_skip
from app.enos.mapping.mapping import Mapping
from app.enos.mapping.picture_members import urls
from app.enos.messages import MOST_BYTES, encode_element, envelope_bytes
from app.errors import MappingError, StoreUnavailable
from app.forwarder.posts import Post
from app.forwarder.results import Results
from app.store import channels, events, outbox, pictures
from app.store.database import Database
from app.store.outbox import Claimed

Shown = dict[UUID, list[tuple[str, bytes]]]
"""Field and SHA-256 of each picture, by the id of the event that shows it."""

_SLICE = 50  # rows: so many whole events are in memory at once, and each may be of megabytes

log = structlog.get_logger(__name__)


class Claims:
    """Claims rows for one channel; nothing but the outbox tells it what there is to do."""

    def __init__(
        self,
        database: Database,
        channel: str,
        forwarder_id: UUID,
        mapping: Mapping,
        enos_events: str,
        results: Results,
        links: PictureLinks | None = None,
    ) -> None:
        """`forwarder_id`: who must hold the channel; `enos_events` says which events go to EnOS.

        `results` gets what becomes of rows that make no post. `links`: for a mapping that wants pictures.
        """
        self._database = database
        self._channel = channel
        self._forwarder_id = forwarder_id
        self._mapping = mapping
        self._enos_events = enos_events
        self._results = results
        self._links = links
        self._claimed: list[Claimed] = []
        self._ready: list[Post] = []
        self._doubtful: UUID | None = None

    def take(self, limit: int) -> list[Post]:
        """Claim up to `limit` rows that are due, and turn each into a post; what makes none is a result.

        Raises:
            StoreUnavailable: the database can't be used; what is claimed by now is taken by the next call.
        """
        self._claimed = self._claimed or self._claim(limit)
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
        found, shown = self._events(ids), self._pictures(ids)
        posts = [self._post(row, found.get(row.event_id), shown) for row in rows]
        return [post for post in posts if post]

    def _claim(self, limit: int) -> list[Claimed]:
        now = datetime.now(UTC)
        with self._database.read() as connection:
            if not self._doubtful and not outbox.anything_due(connection, self._channel, now):
                return []
        with self._database.write() as connection:
            if self._doubtful:
                outbox.free(connection, self._doubtful)
            if not channels.is_held_by(connection, self._channel, self._forwarder_id):
                return []
            self._doubtful = token = uuid4()  # whoever loses the answer to a COMMIT does not know its outcome
            claimed = outbox.claim(connection, self._channel, token, now, limit)
        self._doubtful = None
        return claimed

    def _events(self, ids: Sequence[UUID]) -> dict[UUID, FaceEvent]:
        """The events with these ids, but for those that can't be read; these must not hold up the others."""
        if not ids:
            return {}
        try:
            with self._database.read() as connection:
                return {event.id: event for event in events.get_many(connection, ids)}
        except StoreUnavailable:
            raise
        except Exception:
            if half := len(ids) // 2:
                return self._events(ids[:half]) | self._events(ids[half:])
            log.exception("event_not_read", id=str(ids[0]))
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
            return self._mapped(row, event, shown.get(event.id, []))
        return None

    def _reason_to_skip(self, event: FaceEvent) -> str | None:
        return reason_to_skip(event, self._enos_events) or self._mapping.reason_to_skip(event)

    def _mapped(self, row: Claimed, event: FaceEvent, shown: Sequence[tuple[str, bytes]]) -> Post | None:
        try:
            return Post(row, self._element(event, shown))
        except MappingError as error:
            self._results.parked(row, None, str(error))
        except Exception:  # an event that this program fails on must not hold up the others
            log.exception("event_not_mapped", id=str(event.id))
            self._results.parked(row, None, "the forwarder failed on this event; see its log")
        return None

    def _element(self, event: FaceEvent, shown: Sequence[tuple[str, bytes]]) -> bytes:
        links = urls(self._links, shown, datetime.now(UTC)) if self._links else {}
        element = encode_element(self._mapping.element(event, links))
        size = len(element) + envelope_bytes(self._mapping.mode)
        if size > MOST_BYTES:
            raise MappingError(f"the message has {size} bytes; EnOS takes {MOST_BYTES}")
        return element

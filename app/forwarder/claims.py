"""From the outbox to what can be posted: claims rows and maps their events."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog

from app.domain.events import FaceEvent
from app.domain.sightings import reason_to_skip
from app.enos.mapping import Mapping
from app.enos.messages import MOST_BYTES, encode_element, envelope_bytes
from app.errors import MappingError, StoreUnavailable
from app.forwarder.posts import Post
from app.forwarder.results import Results
from app.store import events, outbox
from app.store.database import Database
from app.store.outbox import Claimed

log = structlog.get_logger(__name__)


class Claims:
    """Claims rows for one channel; nothing but the outbox tells it what there is to do."""

    def __init__(
        self,
        database: Database,
        channel: str,
        token: UUID,
        mapping: Mapping,
        enos_events: str,
        results: Results,
    ) -> None:
        """`token` names this forwarder's claims; `enos_events` says which events go to EnOS.

        `results` gets what becomes of rows that make no post.
        """
        self._database = database
        self._channel = channel
        self._token = token
        self._mapping = mapping
        self._enos_events = enos_events
        self._results = results
        self._claimed: list[Claimed] = []

    def take(self, limit: int) -> list[Post]:
        """Claim up to `limit` rows that are due, and turn each into a post; what makes none is a result.

        Raises:
            StoreUnavailable: the database can't be used; what is claimed by now is taken by the next call.
        """
        self._claimed = self._claimed or self._claim(limit)
        found = self._events([row.event_id for row in self._claimed])
        posts = [post for row in self._claimed if (post := self._post(row, found.get(row.event_id)))]
        self._claimed = []
        return posts

    def forget(self) -> None:
        """Give up what is claimed: another forwarder may hold the channel by now."""
        self._claimed = []

    def _claim(self, limit: int) -> list[Claimed]:
        now = datetime.now(UTC)
        with self._database.read() as connection:
            if not outbox.anything_due(connection, self._channel, now):
                return []
        with self._database.write() as connection:
            return outbox.claim(connection, self._channel, self._token, now, limit)

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
            log.exception("event_not_read", events=len(ids))
            half = len(ids) // 2
            return self._events(ids[:half]) | self._events(ids[half:]) if half else {}

    def _post(self, row: Claimed, event: FaceEvent | None) -> Post | None:
        if event is None:
            self._results.parked(row, None, "the event can't be read; see the forwarder's log")
        elif reason := self._reason_to_skip(event):
            self._results.skipped(row, reason)
        elif (channel := self._mapping.channel_of(event)) != self._channel:
            self._results.stray(row, channel)
        else:
            return self._mapped(row, event)
        return None

    def _reason_to_skip(self, event: FaceEvent) -> str | None:
        return reason_to_skip(event, self._enos_events) or self._mapping.reason_to_skip(event)

    def _mapped(self, row: Claimed, event: FaceEvent) -> Post | None:
        try:
            return Post(row, self._element(event))
        except MappingError as error:
            self._results.parked(row, None, str(error))
        except Exception:  # an event that this program fails on must not hold up the others
            log.exception("event_not_mapped", id=str(event.id))
            self._results.parked(row, None, "the forwarder failed on this event; see its log")
        return None

    def _element(self, event: FaceEvent) -> bytes:
        element = encode_element(self._mapping.element(event))
        size = len(element) + envelope_bytes(self._mapping.mode)
        if size > MOST_BYTES:
            raise MappingError(f"the message has {size} bytes; EnOS takes {MOST_BYTES}")
        return element

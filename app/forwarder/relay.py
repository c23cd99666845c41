"""One round of relaying: claim what is due, post it to EnOS, await the replies, settle."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from app.domain.delivery import Decision, DeliveryState, retry_delay
from app.domain.events import FaceEvent
from app.domain.sightings import reason_to_skip
from app.enos.mapping import Mapping
from app.enos.messages import MOST_BYTES, Reply, event_post, new_message_id
from app.enos.replies import decide, explain
from app.errors import MappingError
from app.store import events, outbox
from app.store.database import Database
from app.store.outbox import Claimed, Settlement

WINDOW = 100  # messages in flight
REPLY_SECONDS = 10.0
LEASE = timedelta(seconds=60)  # well beyond the time a round can take

log = structlog.get_logger(__name__)


class Exchange(Protocol):
    """What a relay needs of a channel; see `app.enos.channel.Channel`."""

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""

    def exchange(self, messages: dict[str, bytes], timeout: float) -> dict[str, Reply]:
        """Post messages by id; returns the replies that came."""


@dataclass(frozen=True, slots=True)
class Post:
    """A message and the row that it settles."""

    id: str
    row: Claimed
    message: bytes


class Relay:
    """Moves outbox rows to EnOS, a window of them at a time; no transaction is open meanwhile."""

    def __init__(
        self, database: Database, channel: Exchange, mapping: Mapping, rng: random.Random, enos_events: str
    ) -> None:
        """`rng` gives the jitter of retries; `enos_events` says which events go to EnOS."""
        self._database = database
        self._channel = channel
        self._mapping = mapping
        self._rng = rng
        self._enos_events = enos_events
        self.pause_reason: str | None = None

    def relay(self) -> int:
        """Do one round; returns how many rows it handled. `pause_reason` then says whether EnOS shut us out.

        Raises:
            StoreUnavailable: the database can't be used; claimed rows come back when their lease ends.
        """
        claimed = self._claim()
        if claimed:
            self._settle(self._deliver(claimed))
        return len(claimed)

    def _claim(self) -> list[Claimed]:
        now = datetime.now(UTC)
        with self._database.read() as connection:
            if not outbox.anything_due(connection, now):
                return []
        with self._database.write() as connection:
            return outbox.claim(connection, now, LEASE, WINDOW)

    def _deliver(self, claimed: Sequence[Claimed]) -> list[Settlement]:
        posts, settled = self._posts(claimed)
        replies = self._channel.exchange({post.id: post.message for post in posts}, REPLY_SECONDS)
        return settled + [self._settlement(post.row, replies.get(post.id)) for post in posts]

    def _posts(self, claimed: Sequence[Claimed]) -> tuple[list[Post], list[Settlement]]:
        """A message for each row, and the settlements of rows that make none."""
        with self._database.read() as connection:
            found = {
                event.id: event for event in events.get_many(connection, [row.event_id for row in claimed])
            }
        posts, settled = [], []
        for row in claimed:
            outcome = self._post_or_settle(row, found[row.event_id])
            if isinstance(outcome, Post):
                posts.append(outcome)
            else:
                settled.append(outcome)
        return posts, settled

    def _post_or_settle(self, row: Claimed, event: FaceEvent) -> Post | Settlement:
        if reason := reason_to_skip(event, self._enos_events):
            return Settlement(row, DeliveryState.SKIPPED, row.attempts, datetime.now(UTC), None, reason)
        try:
            return self._post(row, event)
        except MappingError as error:
            return _parked(row, None, str(error))
        except Exception:  # an event that this program fails on must not hold up the others
            log.exception("event_not_mapped", id=str(row.event_id))
            return _parked(row, None, "the forwarder failed on this event; see its log")

    def _post(self, row: Claimed, event: FaceEvent) -> Post:
        message_id = new_message_id()
        message = event_post(message_id, [self._mapping.element(event)])
        if len(message) > MOST_BYTES:
            raise MappingError(f"the message has {len(message)} bytes; EnOS takes {MOST_BYTES}")
        return Post(message_id, row, message)

    def _settlement(self, row: Claimed, reply: Reply | None) -> Settlement:
        if reply is None:
            return self._unanswered(row)
        decision = decide(reply.code)
        if decision is Decision.DELIVERED:
            return Settlement(row, DeliveryState.DELIVERED, row.attempts + 1, datetime.now(UTC), reply.code)
        reason = explain(reply.code, reply.message)
        if decision is Decision.PARK:
            return _parked(row, reply.code, reason)
        if decision is Decision.PAUSE:
            return Settlement(row, DeliveryState.PENDING, row.attempts, datetime.now(UTC), reply.code, reason)
        return self._retry(row, reply.code, reason)

    def _unanswered(self, row: Claimed) -> Settlement:
        """Only an EnOS that is there and silent costs an attempt."""
        if self._channel.is_open:
            return self._retry(row, None, f"EnOS did not answer within {REPLY_SECONDS:g} s")
        reason = "the connection ended before EnOS answered"
        return Settlement(row, DeliveryState.PENDING, row.attempts, datetime.now(UTC), None, reason)

    def _retry(self, row: Claimed, code: int | None, reason: str) -> Settlement:
        attempts = row.attempts + 1
        due_at = datetime.now(UTC) + timedelta(seconds=retry_delay(attempts, self._rng))
        return Settlement(row, DeliveryState.PENDING, attempts, due_at, code, reason)

    def _settle(self, settlements: Sequence[Settlement]) -> None:
        with self._database.write() as connection:
            outbox.settle(connection, settlements, datetime.now(UTC))
        shut_out = (s for s in settlements if s.code is not None and decide(s.code) is Decision.PAUSE)
        self.pause_reason = next((f"{s.code}: {s.reason}" for s in shut_out), None)
        for settlement in settlements:
            _log(settlement)


def _parked(row: Claimed, code: int | None, reason: str) -> Settlement:
    return Settlement(row, DeliveryState.PARKED, row.attempts + 1, datetime.now(UTC), code, reason)


def _log(settlement: Settlement) -> None:
    event_id, state = str(settlement.claimed.event_id), settlement.state
    if state is DeliveryState.DELIVERED:
        log.info("event_delivered", id=event_id)
    elif state is DeliveryState.SKIPPED:
        log.info("event_skipped", id=event_id, reason=settlement.reason)
    else:
        log.warning(f"event_{state}", id=event_id, code=settlement.code, reason=settlement.reason)

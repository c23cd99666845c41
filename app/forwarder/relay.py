"""Relays the outbox rows of one channel: claim, batch, post, await the replies, settle."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.enos.messages import Reply, envelope_bytes, new_message_id, post
from app.enos.mode import Mode
from app.forwarder.byte_rate import ByteRate
from app.forwarder.claims import Claims
from app.forwarder.flights import Flights
from app.forwarder.posts import Backlog, Post
from app.forwarder.results import Results
from app.forwarder.verdicts import Verdicts, rows_of
from app.telemetry.metrics import ENOS_PUBLISH_SECONDS

BATCH_BYTES = 480_000
"""A message of several events has at most so many: two of them go in a second. EnOS takes 524,288."""

CLAIMED_AT_ONCE = 1000  # rows; about what makes a message
_OVERHEAD_BYTES = 150  # of a message: its topic and MQTT's own
_IDS_IN_LINE = 50  # of the log: some of its readers take no longer lines
IDLE_SECONDS = 0.005  # how long a new event may wait to be noticed, on SQLite

log = structlog.get_logger(__name__)


class Exchange(Protocol):
    """What a relay needs of a channel; see `app.enos.channel.Channel`."""

    @property
    def is_writing(self) -> bool:
        """Whether what was published is not all with the network yet."""

    def post(self, payload: bytes) -> bool:
        """Publish a message."""

    def replies(self, timeout: float) -> list[Reply]:
        """Wait up to `timeout` seconds for replies."""

    def acknowledgements(self) -> list[tuple[int, float]]:
        """The numbers of messages that the broker says it has, and when it said so by the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is ready to be posted."""

    id: str
    posts: Sequence[Post]
    payload: bytes

    @property
    def size(self) -> int:
        """Bytes on the wire, or a few more."""
        return len(self.payload) + _OVERHEAD_BYTES


class Relay:
    """Goes in short steps; no transaction is open while EnOS is awaited."""

    def __init__(
        self,
        claims: Claims,
        results: Results,
        exchange: Exchange,
        mode: Mode,
        rng: random.Random,
        is_ours: Callable[[], bool] = lambda: True,
    ) -> None:
        """`rng` gives the jitter of retries; `is_ours` says whether the channel may be used now."""
        self._claims = claims
        self._results = results
        self._exchange = exchange
        self._mode = mode
        self._is_ours = is_ours
        self._rate = ByteRate()
        self._flights = Flights()
        self._backlog = Backlog(BATCH_BYTES - envelope_bytes(mode))
        self._verdicts = Verdicts(results, self._backlog, rng)
        self._next: Message | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no message is on its way."""
        return not len(self._flights)

    @property
    def pause_reason(self) -> str | None:
        """Why EnOS shut the channel out; None while it does not."""
        return self._verdicts.pause_reason

    @property
    def trouble(self) -> str | None:
        """What EnOS's last word was, if it was no good one."""
        return self._verdicts.trouble

    @property
    def is_mute(self) -> bool:
        """Whether EnOS has answered nothing for so long that the connection may be to blame."""
        return self._verdicts.is_mute

    def begin(self) -> None:
        """A connection was opened: one event goes first, the others once EnOS has answered."""
        self._verdicts.begin()
        self._rate.begin(time.monotonic())

    def step(self) -> None:
        """Post what may go now, then hear replies, for IDLE_SECONDS at most.

        Raises:
            StoreUnavailable: the database can't be used; nothing is forgotten.
        """
        self._claim()
        self._post()
        self._hear(0.0 if self._claims.has_more and self._wants_more else self._patience())

    def hear(self) -> None:
        """Hear replies, for IDLE_SECONDS at most, and write down what became of the events.

        Raises:
            StoreUnavailable: the database can't be used; nothing is forgotten.
        """
        self._hear(self._patience())

    def _hear(self, timeout: float) -> None:
        self._take_replies(timeout)
        if self._exchange.is_writing:
            self._flights.still_leaving(time.monotonic())
        for flight in self._flights.expired(time.monotonic()):
            self._rate.arrived(flight.number, time.monotonic())  # long ago, or never
            self._verdicts.on_silence(flight)
        self._results.write()

    def write(self) -> None:
        """Write down what became of events.

        Raises:
            StoreUnavailable: the database can't be used; nothing is forgotten.
        """
        self._results.write()

    def end(self, reason: str) -> None:
        """Take what EnOS has answered, and give all else that is claimed back, at no cost.

        `reason` says why the connection ends.
        """
        self._take_replies(0)
        for flight in self._flights.cut_off():
            self._results.returned(rows_of(flight.posts), None, reason)
        unsent = [*(self._next.posts if self._next else ()), *self._backlog.take_all()]
        self._results.returned(rows_of(unsent), None, None)
        self._claims.forget()
        self._next = None

    def _take_replies(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for replies, and pass on what each means."""
        replies = self._exchange.replies(timeout)
        self._take_acknowledgements()  # before the replies: what is answered is on its way no longer
        for reply in replies:
            if flight := self._flights.answered(reply.id):
                self._rate.arrived(flight.number, time.monotonic())
                self._verdicts.on_reply(flight, reply)
            elif late := self._flights.answered_late(reply.id):
                self._verdicts.on_late_reply(late, reply)

    def _take_acknowledgements(self) -> None:
        for number, at in self._exchange.acknowledgements():
            self._rate.arrived(number, at)
            if flight := self._flights.numbered(number):
                ENOS_PUBLISH_SECONDS.observe(max(0.0, at - flight.posted_at))

    def _claim(self) -> None:
        if self._wants_more:
            self._backlog.add(self._claims.take(CLAIMED_AT_ONCE))

    @property
    def _wants_more(self) -> bool:
        """Whether to claim: the next message shall be ready when one of those on their way is answered."""
        return self._backlog.waiting < CLAIMED_AT_ONCE and not self._verdicts.is_held_back

    def _post(self) -> None:
        while self._may_post() and (message := self._next or self._prepare()):
            self._next = message
            now = time.monotonic()
            self._take_acknowledgements()
            if self._rate.wait(message.size, now) or not self._exchange.post(message.payload):
                return
            self._flights.add(message.id, message.posts, now, self._rate.sent(message.size))
            _tell_posted(message)
            self._next = None

    def _may_post(self) -> bool:
        """Whether one more may go now; until EnOS has judged one well, one at a time is on its way."""
        has_room = self._flights.has_room if self._verdicts.is_proven else self.is_idle
        return (
            has_room and not self._verdicts.is_held_back and not self._exchange.is_writing and self._is_ours()
        )

    def _prepare(self) -> Message | None:
        posts = self._backlog.take_message() if self._verdicts.is_proven else self._backlog.take_one()
        if not posts:
            return None
        message_id = new_message_id()
        return Message(message_id, posts, post(message_id, self._mode, [p.element for p in posts]))

    def _patience(self) -> float:
        """Seconds to listen before something else may be to do."""
        if not self._next or not self._may_post():
            return IDLE_SECONDS
        return min(IDLE_SECONDS, self._rate.wait(self._next.size, time.monotonic()))


def _tell_posted(message: Message) -> None:
    """Name all events of a message, here alone: what becomes of it is told by its own id."""
    ids = [str(row.event_id) for row in rows_of(message.posts)]
    for start in range(0, len(ids), _IDS_IN_LINE):
        some = ids[start : start + _IDS_IN_LINE]
        log.info("message_posted", message=message.id, events=len(ids), ids=some)

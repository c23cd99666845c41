"""What each reply of EnOS means for the events of its message, and for the channel."""

import random
import time
from collections.abc import Sequence
from typing import Any

import structlog

from app.domain.delivery import LONGEST_RETRY_SECONDS, Decision, retry_delay
from app.enos.messages import Reply
from app.enos.replies import FLOW_CODES, decide, explain, is_known
from app.forwarder.flights import REPLY_SECONDS, Flight
from app.forwarder.posts import Backlog, Post
from app.forwarder.results import Results
from app.store.settlements import Claimed
from app.telemetry.metrics import ENOS_REPLY_SECONDS

_LONGEST_FAULT_SECONDS = 5.0  # it may be one event that EnOS fails on: others must not wait for long

MOST_SILENCES, MUTE_SECONDS = 3, 45.0
"""So many unanswered messages in a row, and so long without a late reply either, end a connection."""

log = structlog.get_logger(__name__)


class Verdicts:
    """Passes EnOS's verdicts on: to the results, or back to the backlog (EnOS protocol, section 3).

    `is_proven`: the last word was a judgement, neither a fault nor silence; while it is not, one event goes
    at a time. `trouble` says in words what the last word was, None if all is well. `pause_reason` says why
    EnOS shut the channel out, None while it does not.
    """

    def __init__(self, results: Results, backlog: Backlog, rng: random.Random) -> None:
        """`rng` gives the jitter of retries."""
        self._results = results
        self._backlog = backlog
        self._rng = rng
        self.begin()

    def begin(self) -> None:
        """A connection was opened: what EnOS thought before counts no longer."""
        self.is_proven = False
        self.trouble: str | None = None
        self.pause_reason: str | None = None
        self.heard()
        self._faults = 0
        self._held_until = 0.0

    @property
    def is_mute(self) -> bool:
        """Whether EnOS has answered nothing for so long that the connection may be to blame."""
        long_ago = time.monotonic() - self._heard_at > MUTE_SECONDS
        return self._silences >= MOST_SILENCES and long_ago

    @property
    def is_held_back(self) -> bool:
        """Whether nothing may go for a while: EnOS asked for less, or failed twice in a row."""
        return time.monotonic() < self._held_until

    def on_reply(self, flight: Flight, reply: Reply) -> None:
        """EnOS answered a message."""
        posts, decision = flight.posts, decide(reply.code)
        reason = explain(reply.code, reply.message)
        self.heard()
        _time(flight, str(reply.code) if is_known(reply.code) else "other")
        if decision is Decision.DELIVERED:
            self._backlog.grow()
            self._results.delivered(rows_of(posts), reply.code)
            log.info("message_delivered", **_told(flight.id, posts))
        elif decision is Decision.PARK:
            self._find_offender(flight, reply.code, reason)
        elif decision is Decision.PAUSE:
            self.pause_reason = f"{reply.code}: {reason}"
            self._results.returned(rows_of(posts), reply.code, reason)
        else:
            self._failed(flight, reply.code, reason)
        if decision in (Decision.DELIVERED, Decision.PARK):
            self.is_proven, self.trouble, self._faults = True, None, 0

    def heard(self) -> None:
        """Something came from EnOS, in time or late."""
        self._silences, self._heard_at = 0, time.monotonic()

    def on_silence(self, flight: Flight) -> None:
        """EnOS left a message unanswered, while the connection stood."""
        self._silences += 1
        _time(flight, "none")
        self._backlog.shrink()
        self._failed(flight, None, f"EnOS did not answer within {REPLY_SECONDS:g} s")

    def on_late_reply(self, rows: Sequence[Claimed], reply: Reply) -> None:
        """EnOS answered a message that was given up; unless it took these, they go again anyway."""
        self.heard()
        if decide(reply.code) is Decision.DELIVERED:
            self._results.delivered(rows, reply.code)
            log.info("message_delivered", **_told(reply.id, rows))

    def _find_offender(self, flight: Flight, code: int, reason: str) -> None:
        """EnOS takes all of a message or nothing: halve it down to the one event that is to blame."""
        if len(flight.posts) > 1:
            self._backlog.halve(flight.posts)
            log.info("message_halved", **_told(flight.id, flight.posts), code=code, reason=reason)
        else:
            row = flight.posts[0].row
            self._results.parked(row, code, reason)
            log.warning(
                "event_parked",
                id=str(row.event_id),
                delivery=row.id,
                message=flight.id,
                code=code,
                reason=reason,
            )

    def _failed(self, flight: Flight, code: int | None, reason: str) -> None:
        was_proven = self.is_proven
        self.is_proven, self.trouble = False, reason if code is None else f"{code}: {reason}"
        self._results.failed(rows_of(flight.posts), code, reason)
        log.warning("delivery_failed", **_told(flight.id, flight.posts), code=code, reason=reason)
        if code in FLOW_CODES:
            self._hold_back(LONGEST_RETRY_SECONDS)
        elif code is not None and not was_proven:
            self._hold_back(_LONGEST_FAULT_SECONDS)

    def _hold_back(self, longest: float) -> None:
        """The longer the more often; one fault counts once, however many messages it hit."""
        if not self.is_held_back:
            self._faults += 1
            self._held_until = time.monotonic() + min(longest, retry_delay(self._faults, self._rng))


def _time(flight: Flight, code: str) -> None:
    ENOS_REPLY_SECONDS.labels(code).observe(time.monotonic() - flight.posted_at)


def rows_of(posts: Sequence[Post]) -> list[Claimed]:
    """The outbox rows of these posts."""
    return [post.row for post in posts]


def _told(message_id: str, events: Sequence[object]) -> dict[str, Any]:
    """What log lines tell of a message once it is posted: its events are named there (`Relay`)."""
    return {"message": message_id, "events": len(events)}

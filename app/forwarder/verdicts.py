"""What each reply of EnOS means for the events of its message, and for the channel."""

import random
import time
from collections.abc import Sequence

import structlog

from app.domain.delivery import Decision, retry_delay
from app.enos.messages import Reply
from app.enos.replies import decide, explain
from app.forwarder.flights import REPLY_SECONDS
from app.forwarder.posts import Backlog, Post
from app.forwarder.results import Results
from app.store.outbox import Claimed

log = structlog.get_logger(__name__)


class Verdicts:
    """Passes EnOS's verdicts on: to the results, or back to the backlog (EnOS protocol, section 3).

    `is_proven`: EnOS has judged something since the connection was opened. `pause_reason` says why EnOS shut
    the channel out, None while it does not.
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
        self.pause_reason: str | None = None
        self._faults = 0
        self._held_until = 0.0

    @property
    def is_held_back(self) -> bool:
        """Whether nothing may go for a while: EnOS asked for less, or is in trouble."""
        return time.monotonic() < self._held_until

    def on_reply(self, posts: Sequence[Post], reply: Reply) -> None:
        """EnOS answered the message that carried these."""
        decision, reason = decide(reply.code), explain(reply.code, reply.message)
        if decision is Decision.DELIVERED:
            self.is_proven, self._faults = True, 0
            self._results.delivered(rows_of(posts), reply.code)
            log.info("message_delivered", events=len(posts))
        elif decision is Decision.PARK:
            self.is_proven = True
            self._find_offender(posts, reply.code, reason)
        elif decision is Decision.PAUSE:
            self.pause_reason = f"{reply.code}: {reason}"
            self._results.returned(rows_of(posts), reply.code, reason)
        else:
            self._failed(posts, reply.code, reason)
            self._hold_back()

    def on_silence(self, posts: Sequence[Post]) -> None:
        """EnOS left the message that carried these unanswered, while the connection stood."""
        self._failed(posts, None, f"EnOS did not answer within {REPLY_SECONDS:g} s")

    def _find_offender(self, posts: Sequence[Post], code: int, reason: str) -> None:
        """EnOS takes all of a message or nothing: halve it down to the one event that is to blame."""
        if len(posts) > 1:
            self._backlog.halve(posts)
            log.info("message_halved", events=len(posts), code=code, reason=reason)
        else:
            row = posts[0].row
            self._results.parked(row, code, reason)
            log.warning("event_parked", id=str(row.event_id), code=code, reason=reason)

    def _failed(self, posts: Sequence[Post], code: int | None, reason: str) -> None:
        self._results.failed(rows_of(posts), code, reason)
        log.warning("delivery_failed", events=len(posts), code=code, reason=reason)

    def _hold_back(self) -> None:
        """The longer the more often; one fault counts once, however many messages it hit."""
        if not self.is_held_back:
            self._faults += 1
            self._held_until = time.monotonic() + retry_delay(self._faults, self._rng)


def rows_of(posts: Sequence[Post]) -> list[Claimed]:
    """The outbox rows of these posts."""
    return [post.row for post in posts]

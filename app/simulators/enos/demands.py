"""What a simulated EnOS does on demand: refuse, keep silent, answer late."""

import random
import re
import time
from typing import Any

import orjson

from app.simulators.enos.checks import ACCEPTED, Verdict

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_FLOW_RESTRICTED = 1274  # EnOS protocol, section 3


class Demands:
    """To be changed at any time, from any thread; holds for the messages that come from then on.

    `code`: if not 200, the answer to every message. `silent`: answer nothing, as when replies get lost.
    `silence_share`: the share of messages, 0 to 1, that get no answer; what they hold is accepted all the
    same. `late_seconds`: how late replies come, and `late_share` of how many messages. `numeric_ids`: a
    message's id comes back as a JSON number, as older hubs do, if it is one.
    """

    def __init__(self, *, code: int = ACCEPTED, silent: bool = False, seed: int = 1) -> None:
        """`seed`: another one is silent or late for other messages."""
        self.code, self.silent = code, silent
        self.silence_share, self.late_seconds, self.late_share = 0.0, 0.0, 1.0
        self.numeric_ids = False
        self._random = random.Random(seed)  # noqa: S311 - it decides what goes unanswered, not a secret
        self._restricted_until = 0.0

    def restrict(self, seconds: float) -> None:
        """Answer every message of the next so many seconds with 1274, flow restricted."""
        self._restricted_until = time.monotonic() + seconds

    def overrule(self, verdict: Verdict) -> Verdict:
        """Give what is answered instead of a verdict, if anything."""
        if self.code != ACCEPTED:
            return Verdict(verdict.id, self.code, "this hub is set to answer every message so")
        if time.monotonic() < self._restricted_until:
            return Verdict(verdict.id, _FLOW_RESTRICTED, "this hub restricts the flow for a while")
        return verdict

    def delay(self) -> float | None:
        """Give how many seconds the next reply waits, or None if it does not come at all."""
        lost, late = self._random.random() < self.silence_share, self._random.random() < self.late_share
        if self.silent or lost:
            return None
        return self.late_seconds if late else 0.0

    def reply(self, verdict: Verdict) -> bytes:
        """Write the reply (EnOS protocol, section 2)."""
        reply: dict[str, Any] = {"id": self._echo(verdict.id), "code": verdict.code, "data": {}}
        if verdict.reason:
            reply["message"] = verdict.reason
        return orjson.dumps(reply)

    def _echo(self, identifier: str | int) -> str | int:
        """Give the id as a number where that number in JSON reads the same."""
        if not self.numeric_ids or not isinstance(identifier, str) or not _NUMBER.fullmatch(identifier):
            return identifier
        return int(identifier)

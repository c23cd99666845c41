"""EnOS's side of the event integration, on any MQTT broker (EnOS protocol, sections 2 and 3)."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import orjson

from app.simulators.hub_checks import ACCEPTED, Verdict, judge
from app.simulators.hub_link import Link


class Hub:
    """Checks each message of events, answers it and counts it.

    `code` and `silent` may be changed while it runs. Counters, to be read at any time: `messages` all that
    came, `refused` those with a code other than 200, `events` the params elements of the others, and
    `received` the latest of these elements.
    """

    def __init__(
        self,
        broker_url: str,
        *,
        code: int = ACCEPTED,
        silent: bool = False,
        keep: int = 10_000,
        on_message: Callable[[str, Verdict], None] | None = None,
    ) -> None:
        """`broker_url`: mqtt:// or mqtts://, then user:password@host:port; user and port are optional.

        `code`: if not 200, the answer to every message. `silent`: accept, but answer nothing, as when a
        reply gets lost. `keep`: how many elements `received` holds at most. `on_message` gets each topic and
        verdict, in the network thread, and must not raise.

        Raises:
            ChannelError: the URL is not an mqtt or mqtts URL.
        """
        self.code, self.silent = code, silent
        self.messages = self.events = self.refused = 0
        self.received: list[dict[str, Any]] = []
        self._keep, self._on_message = keep, on_message
        self._counted = threading.Condition()
        self._link = Link(broker_url, self._receive)

    def start(self) -> None:
        """Connect, and return once subscribed; from then on it reconnects and subscribes again by itself.

        Raises:
            ChannelError: the broker can't be reached, or refused the login or the subscription.
        """
        self._link.start()

    def stop(self) -> None:
        """Disconnect; the counters stay."""
        self._link.stop()

    def wait_until_subscribed(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the subscription, and tell whether it stands."""
        return self._link.wait_until_subscribed(timeout)

    def wait_for_messages(self, count: int, timeout: float) -> bool:
        """Wait at most `timeout` seconds until `count` messages have come, and tell whether they have."""
        return self._wait(lambda: self.messages >= count, timeout)

    def wait_for_events(self, count: int, timeout: float) -> bool:
        """Wait at most `timeout` seconds until `count` events were accepted, and tell whether they were."""
        return self._wait(lambda: self.events >= count, timeout)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _receive(self, topic: str, payload: bytes) -> None:
        """Answer before counting: who waits for a count may stop the hub at once."""
        verdict = self._overrule(judge(payload))
        if not self.silent:
            self._link.publish(f"{topic}_reply", _reply(verdict))
        self._count(verdict)
        if self._on_message:
            self._on_message(topic, verdict)

    def _overrule(self, verdict: Verdict) -> Verdict:
        if self.code == ACCEPTED:
            return verdict
        return Verdict(verdict.id, self.code, "this hub is set to answer every message so")

    def _count(self, verdict: Verdict) -> None:
        with self._counted:
            self.messages += 1
            self.refused += verdict.code != ACCEPTED
            self.events += len(verdict.params)
            self.received += verdict.params
            del self.received[: max(0, len(self.received) - self._keep)]
            self._counted.notify_all()

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        with self._counted:
            return self._counted.wait_for(condition, timeout)


def _reply(verdict: Verdict) -> bytes:
    reply: dict[str, Any] = {"id": verdict.id, "code": verdict.code, "data": {}}
    if verdict.reason:
        reply["message"] = verdict.reason
    return orjson.dumps(reply)

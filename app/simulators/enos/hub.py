"""EnOS's side of the message integration, on any MQTT broker (EnOS protocol, sections 2 and 3)."""

import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from app.simulators.enos.checks import ACCEPTED, METHODS, Judge, Verdict
from app.simulators.enos.demands import Demands
from app.simulators.enos.link import Link
from app.simulators.enos.replies import Replies


class Hub(Demands):
    """Checks the shape of each message of events or measure points, answers it and counts it.

    It is a client of the broker, as its senders are, and so can't hold them to what EnOS demands of a
    connection: that is for `StrictHub`.

    Counters, to be read at any time: `messages` all that came, `refused` those with a code other than 200,
    `events` the params elements of the others, doubles included, and `received` the latest of these
    elements. `times` says how often each element came, by device key and time; it grows with them.
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

        `code`, `silent`: see `Demands`. `keep`: how many elements `received` holds at most. `on_message` gets
        each topic and verdict, in the thread that judges, and must not raise.

        Raises:
            ChannelError: the URL is not an mqtt or mqtts URL.
        """
        super().__init__(code=code, silent=silent)
        self.messages = self.events = self.refused = 0
        self.received: list[dict[str, Any]] = []
        self.times: Counter[tuple[str, int]] = Counter()
        self._keep, self._on_message = keep, on_message
        self._counted = threading.Condition()
        self._judge = Judge()
        self._link = self._make_link(broker_url)
        self._replies = Replies(self._link.publish)

    def start(self) -> None:
        """Connect, and return once subscribed; from then on it reconnects and subscribes again by itself.

        Raises:
            ChannelError: the broker can't be reached, or refused the login or the subscription.
        """
        self._link.start()
        self._replies.start()

    def stop(self) -> None:
        """Disconnect; the counters stay."""
        self._replies.stop()
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

    def _make_link(self, broker_url: str) -> Link:
        return Link(broker_url, self._receive)

    def _receive(self, topic: str, payload: bytes) -> None:
        self._settle(topic, f"{topic}_reply", self._verdict(topic, payload))

    def _verdict(self, topic: str, payload: bytes) -> Verdict:
        path = topic.lstrip("/").split("/", 2)[2]  # behind sys/{productKey}/
        return self._judge.judge(payload, METHODS[path])

    def _settle(self, topic: str, reply_topic: str, verdict: Verdict) -> None:
        """Answer before counting: who waits for a count may stop the hub at once. "" gets no reply."""
        verdict, delay = self.overrule(verdict), self.delay()
        if reply_topic and delay is not None:
            self._replies.send(reply_topic, self.reply(verdict), delay)
        self._count(verdict)
        if self._on_message:
            self._on_message(topic, verdict)

    def _count(self, verdict: Verdict) -> None:
        with self._counted:
            self.messages += 1
            self.refused += verdict.code != ACCEPTED
            self.events += len(verdict.params)
            self.times.update((element["deviceKey"], element["time"]) for element in verdict.params)
            self.received += verdict.params
            del self.received[: max(0, len(self.received) - self._keep)]
            self._counted.notify_all()

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        with self._counted:
            return self._counted.wait_for(condition, timeout)

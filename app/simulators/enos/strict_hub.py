"""EnOS to the letter: a hub that its clients connect to, and that holds them to all of EnOS's rules."""

import queue
import threading
from collections.abc import Callable
from contextlib import ExitStack

from app.simulators.enos.checks import ACCEPTED, Judge, Verdict, refuse
from app.simulators.enos.front.counters import Counters
from app.simulators.enos.front.inspector import Arrival
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.front.server import Front
from app.simulators.enos.hub import Hub
from app.simulators.enos.link import Link


class StrictHub(Hub):
    """A hub with a front: clients connect to `url` instead of the broker's.

    The front reads their packets before the broker does and hands the messages to a thread that judges them,
    so that neither holds up the other. Replies take the way through the broker.
    """

    def __init__(
        self,
        broker_url: str,
        rules: Rules,
        *,
        address: tuple[str, int] = ("127.0.0.1", 0),
        keep: int = 10_000,
        on_message: Callable[[str, Verdict], None] | None = None,
        on_notice: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`broker_url`: as for `Hub`; the broker must take every login.

        `address`: host and port for clients; port 0 takes a free one at the start. `keep`, `on_message`: as
        for `Hub`. `on_notice` gets a line on each login refused and each connection ended, in the front's
        thread, and must not raise.

        Raises:
            ChannelError: the URL is not an mqtt or mqtts URL.
        """
        super().__init__(broker_url, keep=keep, on_message=on_message)
        self._judge = Judge(rules.model, rules.devices)
        self._arrivals: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._front = Front(broker_url, rules, self._arrivals.put, on_notice, address)

    @property
    def url(self) -> str:
        """Where clients connect; with port 0 known once it has started."""
        return self._front.url

    @property
    def counters(self) -> Counters:
        """What happened at the front."""
        return self._front.counters

    def start(self) -> None:
        """Connect to the broker, and return once clients can connect here.

        Raises:
            ChannelError: the broker can't be reached, or refused the login.
            Se3Error: the address can't be listened on.
        """
        with ExitStack() as undo:
            super().start()
            undo.callback(super().stop)
            self._front.start()
            undo.pop_all()
        self._judging = threading.Thread(target=self._work, name="hub-judge", daemon=True)
        self._judging.start()

    def stop(self) -> None:
        """Drop every client, judge what came, and disconnect; the counters stay."""
        self._front.stop()
        self._arrivals.put(None)
        self._judging.join()
        super().stop()

    def restart(self, seconds: float = 1.0) -> None:
        """Drop every client, and take none for so many seconds; counters and connect limits stay."""
        self._front.restart(seconds)

    def _make_link(self, broker_url: str) -> Link:
        # With QoS 1, amqtt 0.12.1 may miss a quick client's PUBACK, and logs an error 5 s later.
        return Link(broker_url, qos=0)

    def _work(self) -> None:
        while arrival := self._arrivals.get():
            self._settle(arrival.topic, arrival.reply_topic, self._verdict_on(arrival))

    def _verdict_on(self, arrival: Arrival) -> Verdict:
        if arrival.code == ACCEPTED:
            return self._verdict(arrival.topic, arrival.payload)
        return refuse(arrival.payload, arrival.code, arrival.reason)

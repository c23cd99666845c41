"""Checks what a client sends once it is logged in, and tells which of it reaches EnOS as what."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from paho.mqtt.client import topic_matches_sub

from app.errors import Se3Error
from app.simulators.enos.checks import ACCEPTED, MAX_MESSAGE_BYTES, METHODS
from app.simulators.enos.front.counters import Counters
from app.simulators.enos.front.limits import MOST_BYTES_A_SECOND, ByteRate
from app.simulators.enos.front.packets import (
    CONNECT,
    PUBLISH,
    REFUSED_SUBSCRIPTION,
    SUBACK,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Packet,
    Publish,
    puback,
    read_publish,
    read_suback,
    read_subscribe,
    suback,
)

_WRONG_TOPIC, _TOO_LARGE, _TOO_FAST = 402, 1008, 1274  # EnOS protocol, section 3


class Violation(Se3Error):
    """What a client did for which MQTT 3.1.1 has no answer but to end the connection."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that came.

    `reply_topic` is "" if its sender hears no reply. With a `code` other than 200 it is refused already.
    """

    topic: str
    payload: bytes
    reply_topic: str
    code: int = ACCEPTED
    reason: str = ""


class Inspector:
    """The checks on one connection of a product."""

    def __init__(
        self, product: str, rate: ByteRate, counters: Counters, on_arrival: Callable[[Arrival], None]
    ) -> None:
        """`rate`: the product's, which goes on from one connection to the next."""
        self._prefixes = (f"sys/{product}/", f"/sys/{product}/")
        self._posts = frozenset(prefix + path for prefix in self._prefixes for path in METHODS)
        self._rate, self._counters, self._on_arrival = rate, counters, on_arrival
        self._asked: dict[int, tuple[str, ...]] = {}
        self._filters: set[str] = set()

    def answer(self, packet: Packet) -> bytes | None:
        """Take note of a client's packet.

        Returns what to answer in the broker's stead, maybe nothing; None if the broker is to get the packet.

        Raises:
            Violation: the connection must end.
            Malformed: likewise; it is not MQTT.
        """
        if packet.kind == PUBLISH:
            return self._publish(packet, read_publish(packet))
        if packet.kind == SUBSCRIBE:
            return self._subscribe(packet)
        if packet.kind == UNSUBSCRIBE:
            self._filters.difference_update(read_subscribe(packet).filters)
        if packet.kind == CONNECT:
            raise Violation("a second login on one connection")
        return None

    def note(self, packet: Packet) -> None:
        """Take note of a packet from the broker: a subscription counts once the client is told so.

        Raises:
            Malformed: it is not MQTT.
        """
        if packet.kind == SUBACK:
            identifier, codes = read_suback(packet)
            asked = zip(self._asked.pop(identifier, ()), codes, strict=False)
            self._filters |= {name for name, code in asked if code != REFUSED_SUBSCRIPTION}

    def _publish(self, packet: Packet, message: Publish) -> bytes | None:
        if message.qos > 1 or message.retain:
            raise Violation("a retained message" if message.retain else "a message with QoS 2")
        code, reason = self._measure(len(packet.raw), len(message.payload))
        if own := message.topic in self._posts:
            reply_topic = self._heard(f"{message.topic}_reply")
        else:
            self._counters.wrong_topics += 1
            code, reason = _WRONG_TOPIC, f"the product may not post to {message.topic}"
            reply_topic = self._heard(f"{message.topic}_reply", *self._event_replies())
        self._counters.unheard += not reply_topic
        self._on_arrival(Arrival(message.topic, message.payload, reply_topic, code, reason))
        if own:
            return None
        return puback(message.identifier) if message.qos else b""

    def _measure(self, packet_size: int, payload_size: int) -> tuple[int, str]:
        code, reason = ACCEPTED, ""
        in_a_second = self._rate.add(time.monotonic(), packet_size)
        self._counters.most_bytes_in_a_second = max(in_a_second, self._counters.most_bytes_in_a_second)
        if in_a_second > MOST_BYTES_A_SECOND:
            self._counters.over_rate += 1
            code, reason = _TOO_FAST, f"{in_a_second} bytes within a second are too many"
        if payload_size > MAX_MESSAGE_BYTES:
            self._counters.oversize += 1
            code, reason = _TOO_LARGE, f"{payload_size} bytes are too many"
        return code, reason

    def _subscribe(self, packet: Packet) -> bytes | None:
        asked = read_subscribe(packet)
        if all(name.startswith(self._prefixes) for name in asked.filters):
            self._asked[asked.identifier] = asked.filters
            return None
        self._counters.refused_subscriptions += 1
        return suback(asked.identifier, [REFUSED_SUBSCRIPTION] * len(asked.filters))

    def _event_replies(self) -> tuple[str, ...]:
        return tuple(f"{prefix}integration/event/post_reply" for prefix in self._prefixes)

    def _heard(self, *topics: str) -> str:
        """Give the first of `topics` that the client is subscribed to."""
        for topic in topics:
            if topic in self._filters or any(topic_matches_sub(name, topic) for name in self._filters):
                return topic
        return ""

"""The hub's connection to its broker: subscribed again after every reconnect."""

import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from app.errors import ChannelError
from app.simulators.enos.checks import METHODS

TOPICS = tuple(f"{root}/+/{path}" for root in ("sys", "/sys") for path in METHODS)
"""Each in both forms in which senders write it (EnOS protocol, section 2)."""

PORTS = {"mqtt": 11883, "mqtts": 18883}
"""Of a broker whose URL names none, by scheme (EnOS protocol, section 1)."""

_START_SECONDS = 10.0


class Link:
    """An ordinary MQTT 3.1.1 client; where somebody listens it holds a subscription to TOPICS."""

    def __init__(
        self, broker_url: str, on_message: Callable[[str, bytes], None] | None = None, qos: int = 1
    ) -> None:
        """`on_message` gets each topic and payload, in the network thread, and must not raise.

        Without it nothing is subscribed to, and the link is there to publish only. `qos`: of what it sends.

        Raises:
            ChannelError: the URL is not an mqtt or mqtts URL.
        """
        self._url = split_broker_url(broker_url)
        self._on_message, self._qos = on_message, qos
        self._changed = threading.Condition()
        self._subscribed, self._refusal = False, ""
        self._client = self._make_client()

    def start(self) -> None:
        """Connect, and return once subscribed, or connected where nothing is subscribed to.

        Raises:
            ChannelError: the broker can't be reached, or refused the login or the subscription.
        """
        try:
            self._client.connect(str(self._url.hostname), self._url.port or PORTS[self._url.scheme])
        except OSError as error:
            raise self._error(f"can't be reached: {error}") from error
        self._client.loop_start()
        if not self._wait(lambda: self._subscribed or bool(self._refusal), _START_SECONDS):
            self._refusal = f"did not answer within {_START_SECONDS:.0f} s"
        if self._refusal:
            self.stop()
            raise self._error(self._refusal)

    def stop(self) -> None:
        """Disconnect, and end the network thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send, without waiting for anything."""
        self._client.publish(topic, payload, qos=self._qos)

    def wait_until_subscribed(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the subscription, and tell whether it stands."""
        return self._wait(lambda: self._subscribed, timeout)

    def _make_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"enos-hub-{secrets.token_hex(4)}")
        client.reconnect_delay_set(min_delay=1, max_delay=5)
        if self._url.username is not None:
            client.username_pw_set(unquote(self._url.username), unquote(self._url.password or ""))
        if self._url.scheme == "mqtts":
            client.tls_set()
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_subscribe, client.on_message = self._acknowledged, self._received
        client.on_socket_open = _send_at_once
        return client

    def _connected(
        self, client: Client, _userdata: Any, _flags: ConnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        if code.is_failure:
            self._set(subscribed=False, refusal=f"refused the login: {code}")
        elif not self._on_message:
            self._set(subscribed=True, refusal="")
        else:
            client.subscribe([(topic, 1) for topic in TOPICS])

    def _acknowledged(
        self, _client: Client, _userdata: Any, _mid: int, codes: list[ReasonCode], _: Properties | None
    ) -> None:
        refused = any(code.is_failure for code in codes)
        self._set(subscribed=not refused, refusal="refused the subscription" if refused else "")

    def _disconnected(self, *_: object) -> None:
        self._set(subscribed=False, refusal=self._refusal)

    def _received(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if self._on_message:
            self._on_message(message.topic, bytes(message.payload))

    def _set(self, *, subscribed: bool, refusal: str) -> None:
        with self._changed:
            self._subscribed, self._refusal = subscribed, refusal
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def _error(self, reason: str) -> ChannelError:
        return ChannelError(f"The simulated EnOS can't work: the broker at {self._url.hostname} {reason}.")


def _send_at_once(_client: Client, _userdata: Any, connection: Any) -> None:
    """Else a short reply may wait for the acknowledgement of the one before it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def split_broker_url(broker_url: str) -> SplitResult:
    """Take a broker's URL apart.

    Raises:
        ChannelError: it is not an mqtt or mqtts URL.
    """
    try:
        url = urlsplit(broker_url)
        fits = url.scheme in PORTS and url.hostname and (url.port or 0) >= 0
    except ValueError:
        fits = False
    if not fits:
        raise ChannelError("The broker's URL must look like mqtt://host:11883 or mqtts://host:18883.")
    return url

"""One MQTT connection to EnOS: log in, subscribe, then post messages and hear replies."""

import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import LogLevel, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from app.enos.endpoint import KEEP_ALIVE_SECONDS, Endpoint, new_client
from app.enos.faults import hung_up, login_refused, subscription_refused, unreachable
from app.enos.messages import Reply, parse_reply
from app.errors import ChannelError

_OPEN_SECONDS = 10.0
_CLOSED = "the connection was closed while it was opened"
_MOST_REPLIES = 10_000  # that wait to be heard; others of the product get theirs by us too

log = structlog.get_logger(__name__)


class Channel:
    """A connection that never mends itself: its owner decides when to open it again.

    paho's own reconnecting would break EnOS's limit on connects, keep an outdated timestamp in the login and
    leave the subscription behind; its queue would hold messages that the outbox holds already.

    One thread uses it; any other may `close` it meanwhile, which ends an `open` as well.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Nothing is opened yet."""
        self._endpoint = endpoint
        self._client: Client | None = None
        self._changed = threading.Condition()
        self._subscribed = False
        self._fault = ""
        self._logged_in = False
        self._socket_error = ""
        self._acknowledged = 0
        self._acknowledgements: list[tuple[int, float]] = []
        self._replies: deque[Reply] = deque(maxlen=_MOST_REPLIES)

    @property
    def is_open(self) -> bool:
        """Whether messages can be posted and their replies can arrive."""
        return self._client is not None and self._subscribed

    @property
    def is_writing(self) -> bool:
        """Whether what was posted is not all with the network yet: the line is slower than we are."""
        client = self._client
        return client is not None and client.want_write()

    @property
    def fault(self) -> str:
        """Why the connection ended, "" where it did not."""
        return self._fault

    def open(self) -> None:
        """Connect, log in, subscribe to the replies and await that they can come.

        Raises:
            ChannelError: with what is wrong, in words.
        """
        self.close()
        self._fault, self._socket_error, self._logged_in = "", "", False
        self._acknowledged, self._acknowledgements = 0, []
        client = self._new_client()
        self._client = client
        try:
            self._connect(client)
            self._await_subscription(client)
        except ChannelError:
            self.close()
            raise

    def post(self, payload: bytes) -> bool:
        """Publish a message; returns whether it was given to the network, which is not yet delivery."""
        client = self._client
        if client is None or not self.is_open:
            return False
        info = client.publish(self._endpoint.topics.post, payload, qos=self._endpoint.qos)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._change(client, fault=f"a publish failed: {info.rc.name}")
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def replies(self, timeout: float) -> list[Reply]:
        """Wait up to `timeout` seconds for a reply; returns all that came since the last call.

        Every client of a product hears all its replies: some may answer what others posted.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._replies or not self.is_open, timeout)
            came = list(self._replies)
            self._replies.clear()
            return came

    def acknowledgements(self) -> list[tuple[int, float]]:
        """Which messages the broker has said it has since the last call, and when, by the monotonic clock.

        The first that was posted since it was opened is number 1. With QoS 0 it never says so.
        """
        with self._changed:
            came, self._acknowledgements = self._acknowledgements, []
            return came

    def close(self) -> None:
        """Disconnect, if connected; what is not written yet is given up."""
        with self._changed:
            client, self._client = self._client, None
            self._subscribed = False
            self._changed.notify_all()
        if client is None:
            return
        connection = client.socket()
        if client.want_write() and isinstance(connection, socket.socket):
            with suppress(OSError):  # it has ended by itself
                connection.shutdown(socket.SHUT_RDWR)  # else paho waits until the line has taken all
        client.disconnect()
        client.loop_stop()

    def _new_client(self) -> Client:
        client = new_client(self._endpoint, _OPEN_SECONDS)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        if self._endpoint.qos:
            client.on_publish = self._on_acknowledged  # with QoS 0, it would only say that a message left
        client.on_disconnect = self._on_disconnect
        client.on_log = self._on_log
        return client

    def _connect(self, client: Client) -> None:
        host, port = self._endpoint.address
        try:
            client.connect(host, port, keepalive=KEEP_ALIVE_SECONDS)
        except (OSError, ValueError) as error:  # ssl.SSLError is the first, a name that is none the second
            raise ChannelError(unreachable(f"{host}:{port}", error, tls=self._endpoint.uses_tls)) from None
        with self._changed:
            if client is self._client:
                client.loop_start()

    def _await_subscription(self, client: Client) -> None:
        def is_decided() -> bool:
            return self._subscribed or bool(self._fault) or client is not self._client

        with self._changed:
            self._changed.wait_for(is_decided, _OPEN_SECONDS)
            if client is not self._client:
                raise ChannelError(_CLOSED)
            if not self._subscribed:
                raise ChannelError(self._fault or f"the broker did not answer within {_OPEN_SECONDS:g} s")

    def _change(self, client: Client, *, subscribed: bool = False, fault: str = "") -> None:
        with self._changed:
            if client is self._client:  # one that was given up may still call back
                self._subscribed, self._fault = subscribed, fault
                self._changed.notify_all()

    def _on_socket_open(self, client: Client, _data: Any, connection: Any) -> None:
        """Before the login goes out: it must not, if another thread has given the client up."""
        if client is not self._client:
            connection.close()
            raise ConnectionAbortedError(_CLOSED)

    def _on_connect(
        self,
        client: Client,
        _data: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._logged_in = True
        if reason.is_failure:
            self._change(client, fault=login_refused(str(reason)))
        else:
            client.subscribe(self._endpoint.topics.reply, qos=1)

    def _on_subscribe(
        self,
        client: Client,
        _data: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._change(client, fault=subscription_refused(self._endpoint.topics.reply))
        else:
            self._change(client, subscribed=True)

    def _on_acknowledged(
        self, client: Client, _data: Any, _mid: int, _reason: ReasonCode, _properties: Properties
    ) -> None:
        with self._changed:
            if client is self._client:
                self._acknowledged += 1
                self._acknowledgements.append((self._acknowledged, time.monotonic()))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            reply = parse_reply(bytes(message.payload))
        except ValueError as error:
            log.warning("reply_unreadable", topic=message.topic, reason=str(error))
            return
        with self._changed:
            self._replies.append(reply)
            self._changed.notify_all()

    def _on_disconnect(
        self,
        client: Client,
        _data: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        host, port = self._endpoint.address
        ended = f"the connection ended: {reason}"
        if not self._logged_in:
            ended = hung_up(f"{host}:{port}", self._socket_error, tls=self._endpoint.uses_tls)
        self._change(client, fault=self._fault or ended)

    def _on_log(self, _client: Client, _data: Any, level: int, text: str) -> None:
        """Keep why the socket failed: paho's reason of a disconnect does not say."""
        before, _, error = text.partition("failed to receive on socket: ")
        if level == LogLevel.MQTT_LOG_ERR and not before:
            self._socket_error = error

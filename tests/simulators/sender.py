"""The other end of the hub: an MQTT client that posts events and awaits replies."""

import queue
import threading
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from app.enos.credentials import Credentials

TOPIC = "sys/key/integration/event/post"
SECONDS = 15


class Sender:
    """Subscribed to the replies to `topic` once its `with` block starts; they wait in the order they came.

    With a `login` it connects once; without one, again and again.
    """

    def __init__(self, url: str, topic: str = TOPIC, login: Credentials | None = None) -> None:
        self.replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._topic, self._subscribed = topic, threading.Event()
        self.ended = threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=login.client_id if login else "",
            reconnect_on_failure=not login,
        )
        if login:
            self.client.username_pw_set(login.username, login.password)
        self.client.on_connect = lambda client, *_: client.subscribe(f"{topic}_reply", 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_disconnect = lambda *_: self.ended.set()
        self.client.on_message = self._keep
        parts = urlsplit(url)
        self.client.connect(str(parts.hostname), int(parts.port or 0))

    def __enter__(self) -> Self:
        self.client.loop_start()
        assert self._subscribed.wait(SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def send(self, payload: bytes, topic: str = "") -> None:
        self.client.publish(topic or self._topic, payload, qos=1)

    def ask(self, payload: bytes) -> dict[str, Any]:
        """Send, and give the next reply."""
        self.send(payload)
        return self.replies.get(timeout=SECONDS)

    def _keep(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        assert message.topic == f"{self._topic}_reply"
        self.replies.put(orjson.loads(message.payload))


def element(**changes: Any) -> dict[str, Any]:
    """Give an element of params that EnOS accepts, but for `changes`."""
    return {"deviceKey": "device1", "time": 1579580182824, "events": {"face": {"level": 3}}} | changes


def message(**changes: Any) -> dict[str, Any]:
    """Give a message that EnOS accepts, but for `changes`."""
    accepted = {"id": "7", "version": "1.0", "method": "integration.event.post", "params": [element()]}
    return accepted | changes


def payload(**changes: Any) -> bytes:
    """Give the same as bytes."""
    return orjson.dumps(message(**changes))

"""What EnOS protocol says of a client, written down a second time and from the page alone.

Nothing here is taken from `app.enos`: two readings of one page are compared.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from tests.support.mqtt_tap import Body, Packet

_CLIENT_ID = re.compile(r"(?P<key>[^|]+)\|securemode=4,signmethod=sha256,timestamp=(?P<ms>[0-9]{13})\|")


@dataclass(frozen=True, slots=True)
class Connect:
    """What a CONNECT packet says."""

    protocol: str
    level: int
    keep_alive: int
    client_id: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Publish:
    """What a PUBLISH packet says."""

    topic: str
    qos: int
    retained: bool
    payload: bytes


def read_connect(packet: Packet) -> Connect:
    """Read a login with user name and password and without a will."""
    body = Body(packet.body)
    protocol, level, flags, keep_alive = body.text(), body.number(1), body.number(1), body.number(2)
    assert flags & ~2 == 0b1100_0000, "a user name, a password and nothing else"
    return Connect(protocol, level, keep_alive, body.text(), body.text(), body.text())


def read_subscribe(packet: Packet) -> str:
    """The topic of a subscription to one."""
    body = Body(packet.body)
    body.number(2)
    topic, _qos = body.text(), body.number(1)
    assert body.rest() == b""
    return topic


def read_publish(packet: Packet) -> Publish:
    """Read a message."""
    body, qos = Body(packet.body), packet.flags >> 1 & 3
    topic = body.text()
    if qos:
        body.number(2)
    return Publish(topic, qos, bool(packet.flags & 1), body.rest())


def signature(product_key: str, product_secret: str, timestamp: str) -> str:
    """Section 1: SHA-256 over sorted keys with their values and the secret."""
    values = {
        "clientId": product_key,
        "deviceKey": "%channel%",
        "productKey": product_key,
        "timestamp": timestamp,
    }
    signed = "".join(name + values[name] for name in sorted(values)) + product_secret
    return hashlib.sha256(signed.encode()).hexdigest()


def check_connect(connect: Connect) -> None:
    """Section 1: what holds for every login."""
    assert (connect.protocol, connect.level) == ("MQTT", 4), "MQTT 3.1.1"
    assert 60 <= connect.keep_alive <= 300


def check_computed_login(connect: Connect, product_key: str, product_secret: str, now_ms: int) -> None:
    """Section 1: what holds for a login that was computed within the last minute."""
    parts = _CLIENT_ID.fullmatch(connect.client_id)
    assert parts, connect.client_id
    assert parts["key"] == product_key
    assert 0 <= now_ms - int(parts["ms"]) < 60_000
    assert connect.username == f"%channel%&{product_key}"
    assert connect.password.lower() == signature(product_key, product_secret, parts["ms"])


def check_publish(publish: Publish, post_topic: str, qos: int) -> list[dict[str, Any]]:
    """Sections 1, 2 and 4; gives the elements of the message."""
    assert publish.topic == post_topic
    assert publish.qos == qos
    assert not publish.retained
    assert len(publish.payload) <= 524_288
    message = json.loads(publish.payload)
    assert set(message) == {"id", "version", "method", "params"}
    assert isinstance(message["id"], str)
    assert message["id"]
    assert (message["version"], message["method"]) == ("1.0", "integration.event.post")
    for element in message["params"]:
        _check_element(element)
    params: list[dict[str, Any]] = message["params"]
    return params


def _check_element(element: dict[str, Any]) -> None:
    assert set(element) == {"deviceKey", "time", "events"}
    assert 4 <= len(element["deviceKey"]) <= 64
    assert type(element["time"]) is int
    for identifier, members in element["events"].items():
        assert re.fullmatch(r"[A-Za-z0-9\-_.]{1,128}", identifier)
        for value in members.values():
            assert value is not None
            assert not isinstance(value, str) or 1 <= len(value.encode()) <= 1024

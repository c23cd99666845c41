"""Logins at a strict hub, by a real client."""

import queue
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from app.enos.credentials import Credentials, computed_credentials
from tests.simulators.sender import SECONDS

TIMESTAMP = 1_548_753_362_502
SECRETS = {"key": "secret", "other": "secret2"}
ACCEPTED = "Success"


def credentials(product: str = "key", *, timestamp: int = TIMESTAMP, **changes: Any) -> Credentials:
    """Give the login of one of the products in SECRETS, but for `changes`."""
    return replace(computed_credentials(product, SECRETS[product], timestamp), **changes)


def log_in(
    url: str,
    login: Credentials,
    *,
    keep_alive: int = 120,
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
) -> str:
    """Connect, and give what the CONNACK says in words; leave again."""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    client = Client(
        CallbackAPIVersion.VERSION2, login.client_id, protocol=protocol, reconnect_on_failure=False
    )
    client.username_pw_set(login.username, login.password)
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.put(str(reason))
    parts = urlsplit(url)
    client.connect(str(parts.hostname), int(parts.port or 0), keepalive=keep_alive)
    client.loop_start()
    try:
        return answers.get(timeout=SECONDS)
    finally:
        client.disconnect()
        client.loop_stop()

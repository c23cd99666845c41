"""Where and how to log in: the settings of a channel, and the MQTT client made from them."""

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from app.config import Settings
from app.enos.channel_entry import ChannelEntry
from app.enos.credentials import Credentials, credentials
from app.enos.mode import Mode
from app.enos.tls import tls_context
from app.enos.topics import Topics, topics

KEEP_ALIVE_SECONDS = 120
"""EnOS takes 60 to 300 (EnOS protocol, section 1)."""


_SEND_BUFFER_BYTES = 262_144  # enough for 1 MB a second over 200 ms to the broker and back


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a channel needs to know.

    `login` makes the credentials, and `tls` what TLS needs, anew for each connection; both raise
    ChannelError where a file is wrong. `tls` counts only where broker_url is mqtts://.
    """

    broker_url: str
    address: tuple[str, int]
    login: Callable[[], Credentials]
    topics: Topics
    qos: int
    tls: Callable[[], ssl.SSLContext]

    @property
    def uses_tls(self) -> bool:
        """Whether the URL asks for TLS."""
        return urlsplit(self.broker_url).scheme == "mqtts"


def endpoint(entry: ChannelEntry, settings: Settings, mode: Mode) -> Endpoint:
    """Make the endpoint of a channel; what its entry does not say of TLS is as in the settings."""
    return Endpoint(
        broker_url=entry.broker_url,
        address=entry.address,
        login=lambda: credentials(entry, time.time_ns() // 1_000_000),
        topics=topics(entry.product_key, mode, leading_slash=settings.enos_topic_slash),
        qos=settings.enos_qos,
        tls=lambda: tls_context(
            entry.tls_ca or settings.enos_tls_ca,
            entry.tls_cert or settings.enos_tls_cert,
            entry.tls_key or settings.enos_tls_key,
            verify_hostname=settings.enos_tls_verify_hostname,
        ),
    )


def new_client(endpoint: Endpoint, connect_timeout: float) -> Client:
    """Make a client with a fresh login that neither reconnects nor holds messages back.

    `connect_timeout`: seconds for the TCP connection and the TLS handshake.

    Raises:
        ChannelError: a file that the login or TLS needs is wrong.
    """
    login = endpoint.login()
    client = Client(CallbackAPIVersion.VERSION2, client_id=login.client_id, reconnect_on_failure=False)
    client.username_pw_set(login.username, login.password)
    client.connect_timeout = connect_timeout
    client.on_socket_open = _send_at_once
    client.max_inflight_messages_set(0)  # no limit: the caller's window is one
    if endpoint.uses_tls:
        client.tls_set_context(endpoint.tls())
    return client


def _send_at_once(_client: Client, _data: Any, connection: Any) -> None:
    """Let neither the end of a message wait for the acknowledgement of its beginning, nor much in the system.

    What waits in the system's own buffer looks as though it were on its way to EnOS.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)

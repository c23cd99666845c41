"""What a channel says of brokers that do not do what they should."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.config import Settings
from app.enos import channel as channel_module
from app.errors import ChannelError
from tests.simulators.fake_broker import fake_broker
from tests.support.channels import channel_for

LOGGED_IN, LOGIN_REFUSED, SUBSCRIPTION_REFUSED = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05", b"\x90\x03??\x80"


@contextmanager
def broker_that_hangs_up(*answers: bytes) -> Iterator[int]:
    """Answer a client's first packets in turn, then end the connection; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, answers))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _serve(listener: socket.socket, answers: tuple[bytes, ...]) -> None:
    client, _ = listener.accept()
    with client:
        for answer in answers:
            client.recv(4096)
            client.sendall(answer)
        client.recv(4096)


def failure(port: int) -> str:
    settings = Settings(
        enos_broker_url=f"mqtt://127.0.0.1:{port}", enos_product_key="pk", enos_product_secret="secret"
    )
    with pytest.raises(ChannelError) as raised:
        channel_for(settings).open()
    return str(raised.value)


def test_a_refused_login() -> None:
    with fake_broker(LOGIN_REFUSED) as (port, _):
        assert failure(port).startswith("the broker refused the login (Not authorized): the key, the secret")


def test_a_refused_subscription() -> None:
    with fake_broker(LOGGED_IN, SUBSCRIPTION_REFUSED) as (port, _):
        assert "refused the subscription to sys/pk/integration/event/post_reply: compare" in failure(port)


def test_something_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "_OPEN_SECONDS", 0.3)
    with fake_broker() as (port, _):
        assert failure(port) == "the broker did not answer within 0.3 s"


def test_something_that_hangs_up_at_once() -> None:
    with broker_that_hangs_up() as port:
        assert "hung up before it answered the login: its port may speak TLS" in failure(port)


def test_a_broker_that_hangs_up_after_the_login() -> None:
    with broker_that_hangs_up(LOGGED_IN) as port:
        assert failure(port).startswith("the connection ended")


def test_closing_does_not_wait_for_a_line_that_takes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = Settings(
            enos_broker_url=f"mqtt://127.0.0.1:{listener.getsockname()[1]}",
            enos_product_key="pk",
            enos_product_secret="secret",
        )
        ended = threading.Event()
        thread = threading.Thread(target=stalled_broker, args=(listener, ended))
        thread.start()
        channel = channel_for(settings)
        channel.open()
        for _ in range(20):
            channel.post(b"x" * 500_000)
        assert channel.is_writing
        began = time.monotonic()
        channel.close()
        assert time.monotonic() - began < 5
        ended.set()
        thread.join()


def stalled_broker(listener: socket.socket, ended: threading.Event) -> None:
    """Log a client in and subscribe it, then read nothing more."""
    client, _ = listener.accept()
    with client:
        client.recv(4096)
        client.sendall(LOGGED_IN)
        packet = client.recv(4096)
        client.sendall(b"\x90\x03" + packet[2:4] + b"\x01")
        ended.wait(30)

import gc
import logging
import socket
import sys
from urllib.parse import urlsplit

import pytest

from app.enos.credentials import computed_credentials
from app.errors import Se3Error
from app.simulators.broker import EmbeddedBroker
from app.simulators.enos.hub import Hub
from tests.simulators.sender import SECONDS, TOPIC, Sender, element, payload
from tests.support.waiting import wait_until

LOGIN = computed_credentials("prodKey01", "prodSecret01", 1548753362502)
IN_FLIGHT = 20


@pytest.fixture(autouse=True)
def _installed() -> None:
    pytest.importorskip("amqtt", reason="amqtt is not installed; pip install '.[demo]'")


def port_of(broker: EmbeddedBroker) -> int:
    return int(urlsplit(broker.url).port or 0)


@pytest.mark.parametrize("topic", [TOPIC, f"/{TOPIC}"])
def test_a_channel_s_login_works_and_its_messages_are_answered(topic: str) -> None:
    with (
        EmbeddedBroker() as broker,
        Hub(broker.url),
        Sender(broker.url, topic, LOGIN) as sender,
    ):
        assert sender.ask(payload(id="123")) == {"id": "123", "code": 200, "data": {}}


def test_a_thousand_messages_pass_both_ways_with_20_in_flight() -> None:
    with EmbeddedBroker() as broker, Hub(broker.url) as hub, Sender(broker.url) as sender:
        replies = []
        for number in range(1_000 + IN_FLIGHT):
            if number >= IN_FLIGHT:
                replies.append(sender.replies.get(timeout=SECONDS))
            if number < 1_000:
                sender.send(payload(id=str(number), params=[element(time=number)]))
        assert hub.wait_for_messages(1_000, SECONDS)
    assert [(reply["id"], reply["code"]) for reply in replies] == [(str(n), 200) for n in range(1_000)]
    assert [received["time"] for received in hub.received] == list(range(1_000))


def test_the_largest_message_enos_takes_passes() -> None:
    with EmbeddedBroker() as broker, Hub(broker.url), Sender(broker.url) as sender:
        for _ in range(5):
            assert sender.ask(payload().ljust(524_288))["code"] == 200
        assert sender.ask(payload().ljust(524_289))["code"] == 1008


def test_it_can_go_and_come_back_on_its_port() -> None:
    with EmbeddedBroker() as broker, Hub(broker.url) as hub:
        url = broker.url
        broker.stop()
        wait_until(lambda: not hub.wait_until_subscribed(0))
        broker.start()
        assert broker.url == url
        assert hub.wait_until_subscribed(SECONDS)
        with Sender(broker.url) as sender:
            assert sender.ask(payload())["code"] == 200


def test_a_port_scan_leaves_no_socket_open(caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddedBroker() as broker:
        socket.create_connection(("127.0.0.1", port_of(broker))).close()
        wait_until(lambda: "No data from" in caplog.text)
    gc.collect()  # a socket left open would warn here, which fails the test


def test_nothing_below_a_warning_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with EmbeddedBroker() as broker, Hub(broker.url), Sender(broker.url) as sender:
        sender.ask(payload())
    chatter = [record for record in caplog.records if record.levelno < logging.WARNING]
    assert [record for record in chatter if record.name.startswith(("amqtt", "transitions"))] == []


def test_a_port_that_is_taken_is_said() -> None:
    with EmbeddedBroker() as first, pytest.raises(Se3Error, match=f"can't listen on {first.url}"):
        EmbeddedBroker(port_of(first)).start()


def test_without_amqtt_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "amqtt.broker", None)
    with pytest.raises(Se3Error, match=r"pip install '\.\[demo\]'"):
        EmbeddedBroker().start()

"""From the outbox to EnOS and back, over a real broker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from app.config import Settings
from app.domain.events import Kind
from app.enos.channel import Channel
from app.enos.messages import parse_reply
from app.errors import ChannelError
from app.forwarder.relay import Relay
from app.simulators.enos.hub import Hub
from app.store import events
from app.store.database import Database
from tests.support.channels import channel_for
from tests.support.mosquitto import Mosquitto
from tests.support.new_events import new_event
from tests.support.ports import free_port
from tests.support.relays import all_settled, deliveries, relay_for, step_until


def enos_settings(broker_url: str, leading_slash: bool = False) -> Settings:
    return Settings(
        enos_broker_url=broker_url,
        enos_product_key="pk",
        enos_product_secret="secret",
        enos_topic_slash=leading_slash,
    )


@pytest.fixture
def hub(mosquitto: Mosquitto) -> Iterator[Hub]:
    with Hub(mosquitto.url) as hub:
        yield hub


@pytest.fixture
def leading_slash() -> bool:
    return False


@pytest.fixture
def channel(mosquitto: Mosquitto, leading_slash: bool) -> Iterator[Channel]:
    channel = channel_for(enos_settings(mosquitto.url, leading_slash))
    channel.open()
    yield channel
    channel.close()


@pytest.fixture
def relay(database: Database, channel: Channel) -> Relay:
    return relay_for(database, channel)


@contextmanager
def stray_client(mosquitto: Mosquitto) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def record(database: Database, *new_events: Any) -> None:
    with database.write() as connection:
        events.record(connection, new_events)


@pytest.mark.parametrize("leading_slash", [False, True])
def test_an_event_reaches_enos_in_its_form_and_is_settled(database: Database, relay: Relay, hub: Hub) -> None:
    record(database, new_event(20), new_event(21, kind=Kind.REALTIME))
    step_until(relay, all_settled(database))
    assert hub.refused == 0
    assert sorted(hub.received, key=lambda element: element["time"]) == [
        {
            "deviceKey": "AKOPKKKKK__192.168.1.25",
            "time": 1566016554000 + number,
            "events": {
                event_id: {
                    "identity_id": "01200002",
                    "identity_name": "小明",
                    "group_name": "default_group",
                    "timestamp": 1566016554000 + number,
                    "score": 0.8731614351272583,
                    "device_ip": "192.168.1.25",
                    "ep_id": "AKOPKKKKK__192.168.1.25",
                    "dev_sno": "AKOPKKKKK",
                    "person_type": 1,
                    "device_type": "0",
                }
            },
        }
        for number, event_id in ((20, "HistoryEvent"), (21, "RealTimeEvent"))
    ]
    assert {(row.state, row.code, row.attempts) for row in deliveries(database)} == {("delivered", 200, 1)}


@pytest.mark.parametrize("code", [1204, 1257, 1008])
def test_what_enos_will_never_take_is_parked_with_its_reason(
    database: Database, relay: Relay, hub: Hub, code: int
) -> None:
    hub.code = code
    record(database, new_event())
    step_until(relay, all_settled(database))
    (row,) = deliveries(database)
    assert (row.state, row.code) == ("parked", code)
    assert row.reason


def test_replies_still_come_after_a_reconnect(
    database: Database, relay: Relay, channel: Channel, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    mosquitto.start()
    channel.open()
    with Hub(mosquitto.url) as hub:
        record(database, new_event())
        step_until(relay, all_settled(database))
        assert hub.events == 1
    assert deliveries(database)[0].state == "delivered"


def test_many_go_in_few_messages(database: Database, relay: Relay, hub: Hub) -> None:
    record(database, *(new_event(number) for number in range(130)))
    step_until(relay, all_settled(database))
    assert (hub.events, hub.messages) == (130, 2)  # the first event goes alone, to see whether EnOS is well


def test_a_channel_tells_why_its_connection_ended(channel: Channel, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    assert channel.replies(timeout=10) == []
    assert not channel.is_open
    assert "the connection ended" in channel.fault
    assert not channel.post(b"{}")


@pytest.mark.parametrize(
    "reply",
    [b'{"id": "1", "code": 200}', b"[]", b"\xff", b'{"id": 1}', b'{"id": "1", "code": true}', b"[" * 10_000],
)
def test_replies_that_are_not_ours_settle_nothing(
    database: Database, relay: Relay, mosquitto: Mosquitto, reply: bytes
) -> None:
    record(database, new_event())
    relay.step()
    answered = threading.Event()
    with stray_client(mosquitto) as client:
        client.on_publish = lambda *_: answered.set()
        client.publish("sys/pk/integration/event/post_reply", reply, qos=1)
        step_until(relay, answered.is_set)
    relay.step()
    assert deliveries(database)[0].state == "claimed"


@pytest.mark.parametrize("code", [b"99999999999999999999", b"200.9", b"true", b'"x"', b"null"])
def test_a_code_that_is_none_is_no_reply(code: bytes) -> None:
    with pytest.raises(ValueError, match="code"):
        parse_reply(b'{"id": "1", "code": ' + code + b"}")


@pytest.mark.parametrize("echo", [b'"4503599627370495"', b"4503599627370495", b"4.503599627370495E15"])
def test_an_id_is_known_however_it_is_echoed(echo: bytes) -> None:
    assert parse_reply(b'{"id": ' + echo + b', "code": 200}').id == "4503599627370495"


def test_a_client_that_was_given_up_changes_nothing(channel: Channel) -> None:
    given_up = channel._client
    assert given_up is not None
    channel.close()
    channel._on_subscribe(given_up, None, 1, [], None)
    assert not channel.is_open


def test_replies_that_nobody_takes_do_not_fill_the_memory(channel: Channel) -> None:
    message = MQTTMessage()
    message.payload = b'{"id": "1", "code": 200}'
    for _ in range(20_000):
        channel._on_message(Client(CallbackAPIVersion.VERSION2), None, message)
        if len(channel._replies) > 10_000:
            pytest.fail("it kept too many")


def test_a_broker_that_is_not_there_is_named() -> None:
    port = free_port()
    channel = channel_for(enos_settings(f"mqtt://127.0.0.1:{port}"))
    with pytest.raises(ChannelError, match=f"127.0.0.1:{port}"):
        channel.open()

"""From the outbox to EnOS and back, over a real broker."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from app.config import Settings
from app.domain.events import FaceEvent, Kind
from app.enos.channel import Channel
from app.enos.endpoint import endpoint
from app.enos.mapping import DEFAULT_MAPPING, Mapping
from app.enos.messages import Reply, parse_reply
from app.errors import ChannelError
from app.forwarder import relay as relay_module
from app.forwarder.relay import Relay
from app.simulators.enos import Hub
from app.store import events, outbox
from app.store.database import Database
from app.store.outbox import Delivery
from tests.support.mosquitto import Mosquitto
from tests.support.new_events import new_event
from tests.support.ports import free_port


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
    channel = Channel(endpoint(enos_settings(mosquitto.url, leading_slash)))
    channel.open()
    yield channel
    channel.close()


@pytest.fixture
def relay(database: Database, channel: Channel) -> Relay:
    return Relay(database, channel, DEFAULT_MAPPING, random.Random(1), "both")


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


def deliveries(database: Database) -> list[Delivery]:
    with database.read() as connection:
        return outbox.listed(connection, None, 100)


@pytest.mark.parametrize("leading_slash", [False, True])
def test_an_event_reaches_enos_in_its_form_and_is_settled(database: Database, relay: Relay, hub: Hub) -> None:
    record(database, new_event(20), new_event(21, kind=Kind.REALTIME))
    assert relay.relay() == 2
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
    assert relay.relay() == 0


@pytest.mark.parametrize("code", [1204, 1257, 1008])
def test_what_enos_will_never_take_is_parked_with_its_reason(
    database: Database, relay: Relay, hub: Hub, code: int
) -> None:
    hub.code = code
    record(database, new_event())
    relay.relay()
    (row,) = deliveries(database)
    assert (row.state, row.code) == ("parked", code)
    assert row.reason


def test_a_passing_fault_is_tried_again_later(database: Database, relay: Relay, hub: Hub) -> None:
    hub.code = 1274
    record(database, new_event())
    relay.relay()
    (row,) = deliveries(database)
    assert (row.state, row.code, row.attempts) == ("pending", 1274, 1)
    hub.code = 200
    with database.write() as connection:
        outbox.retry(connection, datetime.now(UTC), [row.id])
    assert relay.relay() == 1
    assert deliveries(database)[0].state == "delivered"


def test_a_fault_of_the_channel_spends_no_attempts(database: Database, relay: Relay, hub: Hub) -> None:
    hub.code = 1009
    record(database, new_event())
    relay.relay()
    assert relay.pause_reason
    assert "1009" in relay.pause_reason
    (row,) = deliveries(database)
    assert (row.state, row.code, row.attempts) == ("pending", 1009, 0)
    hub.code = 200
    relay.relay()
    assert relay.pause_reason is None


def test_a_silent_hub_costs_an_attempt(
    database: Database, relay: Relay, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "REPLY_SECONDS", 0.3)
    hub.silent = True
    record(database, new_event())
    relay.relay()
    (row,) = deliveries(database)
    assert (row.state, row.code, row.attempts) == ("pending", None, 1)


def test_a_broker_that_goes_away_costs_no_attempt(
    database: Database, relay: Relay, hub: Hub, mosquitto: Mosquitto, channel: Channel
) -> None:
    hub.silent = True
    hub.stop()
    mosquitto.stop()
    record(database, new_event())
    relay.relay()
    assert not channel.is_open
    (row,) = deliveries(database)
    assert (row.state, row.attempts) == ("pending", 0)


def test_replies_still_come_after_a_reconnect(
    database: Database, relay: Relay, channel: Channel, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    mosquitto.start()
    channel.open()
    with Hub(mosquitto.url) as hub:
        record(database, new_event())
        relay.relay()
        assert hub.events == 1
    assert deliveries(database)[0].state == "delivered"


def test_an_event_without_a_device_key_is_parked_and_the_rest_goes(
    database: Database, relay: Relay, hub: Hub
) -> None:
    lost = new_event(1, ext_data={"dev_sno": "A1"})
    record(database, lost, new_event(2))
    relay.relay()
    rows = {row.event_id: row for row in deliveries(database)}
    assert rows.pop(lost.event.id).reason == (
        "no device key: none of ep_id, dev_sno, device_ip holds 4 to 64 characters in this event"
    )
    assert [row.state for row in rows.values()] == ["delivered"]
    assert hub.events == 1


def test_no_transaction_is_open_while_enos_is_asked(database: Database) -> None:
    class WritingExchange:
        is_open = True

        def exchange(self, messages: dict[str, bytes], timeout: float) -> dict[str, Reply]:
            record(database, new_event(len(messages) + int(timeout)))  # would wait for ever for the lock
            return {message_id: Reply(message_id, 200, "") for message_id in messages}

    record(database, new_event(1))
    Relay(database, WritingExchange(), DEFAULT_MAPPING, random.Random(1), "both").relay()
    assert sorted(row.state for row in deliveries(database)) == ["delivered", "pending"]


def test_an_event_that_the_program_fails_on_is_parked_and_the_rest_goes(
    database: Database, relay: Relay, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = new_event(1)
    element = Mapping.element

    def fail_on_one(mapping: Mapping, event: FaceEvent) -> dict[str, Any]:
        return element(mapping, event) if event.id != broken.event.id else {"never": 1 / 0}

    monkeypatch.setattr(Mapping, "element", fail_on_one)
    record(database, broken, new_event(2))
    relay.relay()
    assert {row.event_id: row.state for row in deliveries(database)}[broken.event.id] == "parked"
    assert hub.events == 1


@pytest.mark.parametrize(
    "reply",
    [b'{"id": "1", "code": 200}', b"[]", b"\xff", b'{"id": 1}', b'{"id": "1", "code": true}', b"[" * 10_000],
)
def test_replies_that_are_not_ours_settle_nothing(
    database: Database, relay: Relay, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, reply: bytes
) -> None:
    monkeypatch.setattr(relay_module, "REPLY_SECONDS", 1.0)
    record(database, new_event())
    with stray_client(mosquitto) as client:
        answering = threading.Timer(0.3, client.publish, ("sys/pk/integration/event/post_reply", reply))
        answering.start()
        relay.relay()
        answering.join()
    assert deliveries(database)[0].state == "pending"


@pytest.mark.parametrize("code", [b"99999999999999999999", b"200.9", b"true", b'"x"', b"null"])
def test_a_code_that_is_none_is_no_reply(code: bytes) -> None:
    with pytest.raises(ValueError, match="code"):
        parse_reply(b'{"id": "1", "code": ' + code + b"}")


@pytest.mark.parametrize("echo", [b'"4503599627370495"', b"4503599627370495", b"4.503599627370495E15"])
def test_an_id_is_known_however_it_is_echoed(echo: bytes) -> None:
    assert parse_reply(b'{"id": ' + echo + b', "code": 200}').id == "4503599627370495"


def test_a_channel_keeps_no_reply_that_nobody_awaits(channel: Channel) -> None:
    message = MQTTMessage()
    message.payload = b'{"id": "1", "code": 200}'
    channel._on_message(Client(CallbackAPIVersion.VERSION2), None, message)
    assert channel._replies == {}


def test_a_client_that_was_given_up_opens_nothing(channel: Channel) -> None:
    given_up = channel._client
    assert given_up is not None
    channel.close()
    channel._on_subscribe(given_up, None, 1, [], None)
    assert not channel.is_open


def test_a_hundred_and_more_go_in_rounds(database: Database, relay: Relay, hub: Hub) -> None:
    record(database, *(new_event(number) for number in range(130)))
    assert [relay.relay(), relay.relay(), relay.relay()] == [100, 30, 0]
    assert hub.wait_for_events(130, timeout=0)


def test_a_broker_that_is_not_there_is_named() -> None:
    port = free_port()
    channel = Channel(endpoint(enos_settings(f"mqtt://127.0.0.1:{port}")))
    with pytest.raises(ChannelError, match=f"127.0.0.1:{port}"):
        channel.open()

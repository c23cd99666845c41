"""What a client may do at the strict hub once it is logged in (EnOS protocol, sections 1 and 2)."""

import gc
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import Client

from app.errors import Se3Error
from app.simulators.enos.front.packets import Malformed, split
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.strict_hub import StrictHub
from tests.simulators.logins import ACCEPTED, SECRETS, credentials, log_in
from tests.simulators.sender import SECONDS, TOPIC, Sender, payload
from tests.support.mosquitto import Mosquitto
from tests.support.waiting import wait_until

LARGEST = 524_288
RULES = Rules(SECRETS, time_scale=1e-9)


@pytest.fixture
def hub(mosquitto: Mosquitto) -> Iterator[StrictHub]:
    with StrictHub(mosquitto.url, RULES) as hub:
        yield hub


@pytest.fixture
def sender(hub: StrictHub) -> Iterator[Sender]:
    with Sender(hub.url, login=credentials()) as sender:
        yield sender


def subscribe(client: Client, topic: str) -> str:
    """Subscribe, and give what the SUBACK says in words."""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()

    def answered(_client: Client, _data: Any, _mid: int, reasons: list[Any], _: Any) -> None:
        answers.put(str(reasons[0]))

    client.on_subscribe = answered
    client.subscribe(topic, 1)
    return answers.get(timeout=SECONDS)


def connection_to(hub: StrictHub) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(urlsplit(hub.url).port or 0)), timeout=SECONDS)


def text(content: str) -> bytes:
    return len(content).to_bytes(2) + content.encode()


def login_packet() -> bytes:
    login = credentials()
    body = text("MQTT") + b"\x04\xc2\x00\x78"
    body += text(login.client_id) + text(login.username) + text(login.password)
    return bytes((0x10, len(body) & 0x7F | 0x80, len(body) >> 7)) + body


@pytest.mark.parametrize("topic", [TOPIC, f"/{TOPIC}"])
def test_a_message_passes_and_is_answered(hub: StrictHub, topic: str) -> None:
    with Sender(hub.url, topic, credentials()) as sender:
        assert sender.ask(payload(id="123")) == {"id": "123", "code": 200, "data": {}}
        assert hub.wait_for_events(1, SECONDS)
    assert hub.counters.unheard == 0


def test_a_hundred_in_flight_are_all_answered_and_acknowledged(hub: StrictHub, sender: Sender) -> None:
    acknowledged = threading.Semaphore(0)
    sender.client.on_publish = lambda *_: acknowledged.release()
    for number in range(100):
        sender.send(payload(id=str(number)))
    assert [sender.replies.get(timeout=SECONDS)["id"] for _ in range(100)] == [str(n) for n in range(100)]
    assert all(acknowledged.acquire(timeout=SECONDS) for _ in range(100))
    assert hub.events == 100


def test_who_has_not_subscribed_first_gets_no_reply(hub: StrictHub, sender: Sender) -> None:
    sender.client.unsubscribe(f"{TOPIC}_reply")
    sender.send(payload(id="unheard"))
    assert hub.wait_for_events(1, SECONDS)
    assert subscribe(sender.client, f"{TOPIC}_reply") == "Granted QoS 1"
    assert sender.ask(payload(id="heard"))["id"] == "heard"
    assert hub.counters.unheard == 1


def test_a_subscription_that_is_still_under_way_does_not_count(hub: StrictHub) -> None:
    reply_topic = text(f"{TOPIC}_reply")
    subscribe = bytes((0x82, 3 + len(reply_topic))) + b"\x00\x01" + reply_topic + b"\x01"
    body = text(TOPIC) + payload()
    publish = bytes((0x30, len(body) & 0x7F | 0x80, len(body) >> 7)) + body
    with connection_to(hub) as connection:
        connection.sendall(login_packet() + subscribe + publish)
        assert hub.wait_for_events(1, SECONDS)
    assert hub.counters.unheard == 1


def test_a_subscription_with_wildcards_counts(sender: Sender) -> None:
    sender.client.unsubscribe(f"{TOPIC}_reply")
    assert subscribe(sender.client, "sys/key/+/event/post_reply") == "Granted QoS 1"
    assert sender.ask(payload(id="heard"))["id"] == "heard"


@pytest.mark.parametrize("topic", ["#", "sys/#", "sys/other/integration/event/post_reply", "sys/keys/x"])
def test_other_topics_can_t_be_subscribed_to(hub: StrictHub, sender: Sender, topic: str) -> None:
    assert subscribe(sender.client, topic) == "Unspecified error"
    assert hub.counters.refused_subscriptions == 1


@pytest.mark.parametrize(
    "topic", ["sys/other/integration/event/post", "sys/key/integration/attribute/post", "x", f"{TOPIC}_reply"]
)
def test_a_message_on_another_topic_is_answered_with_402(hub: StrictHub, sender: Sender, topic: str) -> None:
    sender.send(payload(id="astray"), topic)
    reply = sender.replies.get(timeout=SECONDS)
    assert (reply["id"], reply["code"]) == ("astray", 402)
    assert topic in reply["message"]
    assert (hub.counters.wrong_topics, hub.events) == (1, 0)


def test_no_product_can_forge_another_s_replies(hub: StrictHub, sender: Sender) -> None:
    reply_topic = "sys/other/integration/event/post_reply"
    with Sender(hub.url, TOPIC.replace("key", "other"), credentials("other")) as other:
        sender.send(b'{"id": "forged", "code": 200}', reply_topic)
        assert sender.replies.get(timeout=SECONDS)["code"] == 402
        assert other.ask(payload(id="mine"))["id"] == "mine"


def test_a_message_beyond_512_kb_is_answered_with_1008(hub: StrictHub, sender: Sender) -> None:
    assert sender.ask(payload().ljust(LARGEST))["code"] == 200
    assert hub.counters.oversize == 0
    assert sender.ask(payload(id="big").ljust(LARGEST + 1)) == {
        "id": "big",
        "code": 1008,
        "data": {},
        "message": "524289 bytes are too many",
    }
    assert (hub.counters.oversize, hub.wait_for_messages(2, SECONDS), hub.events) == (1, True, 1)


def test_more_than_1_mb_a_second_is_answered_with_1274(hub: StrictHub, sender: Sender) -> None:
    for number in range(4):
        sender.send(payload(id=str(number)).ljust(300_000))
    replies = [sender.replies.get(timeout=SECONDS) for _ in range(4)]
    assert [reply["code"] for reply in replies] == [200, 200, 200, 1274]
    assert hub.counters.over_rate == 1
    assert 1_200_000 < hub.counters.most_bytes_in_a_second < 1_200_400
    wait_until(lambda: sender.ask(payload())["code"] == 200)


def test_the_rate_goes_on_over_a_new_connection(hub: StrictHub) -> None:
    codes = []
    for _ in range(2):
        with Sender(hub.url, login=credentials()) as sender:
            codes += [sender.ask(payload().ljust(LARGEST))["code"]]
    assert codes == [200, 1274]


@pytest.mark.parametrize("how", [{"qos": 2}, {"qos": 1, "retain": True}, {"qos": 0, "retain": True}])
def test_qos_2_and_retained_messages_end_the_connection(
    hub: StrictHub, sender: Sender, how: dict[str, Any]
) -> None:
    sender.client.publish(TOPIC, payload(), **how)
    assert sender.ended.wait(SECONDS)
    wait_until(lambda: hub.counters.violations == 1)
    assert hub.messages == 0


def test_packets_that_come_byte_by_byte_are_understood(hub: StrictHub) -> None:
    packet = login_packet()
    assert packet[1] > 127  # its length takes two bytes
    with connection_to(hub) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in packet:
            connection.sendall(bytes((byte,)))
        assert connection.recv(4) == b"\x20\x02\x00\x00"


@pytest.mark.parametrize("cut", range(1, 9))
def test_packets_are_found_wherever_the_stream_is_cut(cut: int) -> None:
    packets = [b"\xc0\x00", b"\x30\x05\x00\x01tab", b"\x30\x80\x01" + bytes(128), b"\xe0\x00"]
    stream, buffer, found = b"".join(packets), bytearray(), []
    for start in range(0, len(stream), cut):
        buffer += stream[start : start + cut]
        found += [packet.raw for packet in split(buffer)]
    assert found == packets


@pytest.mark.parametrize(
    "packet",
    [
        b"\x10\xff\xff\xff\xff\x01",
        b"\x10\x04\x00\x04MQ",
        b"\x10\x06\x00\x04M\xffTT",
        b"\x10\x0c\x00\x04MQTT\x04\xc2\x00\x78\x00\x05",
    ],
)
def test_what_is_not_mqtt_ends_the_connection(hub: StrictHub, packet: bytes) -> None:
    with connection_to(hub) as connection:
        connection.sendall(packet)
        assert connection.recv(1) == b""
    wait_until(lambda: hub.counters.violations == 1)


def test_a_length_of_five_bytes_is_malformed() -> None:
    with pytest.raises(Malformed):
        split(bytearray(b"\x30\x80\x80\x80\x80\x01"))


def test_who_says_nothing_or_something_else_first_leaves_no_socket_open(hub: StrictHub) -> None:
    connection_to(hub).close()
    with connection_to(hub) as connection:
        connection.sendall(b"\xc0\x00")  # a ping
        assert connection.recv(1) == b""
    assert log_in(hub.url, credentials()) == ACCEPTED
    assert hub.counters.connects == 1
    gc.collect()  # a socket left open would warn here, which fails the test


def test_with_the_broker_away_logins_are_answered_so(hub: StrictHub, mosquitto: Mosquitto) -> None:
    with Sender(hub.url, login=credentials()) as sender:
        mosquitto.stop()
        assert sender.ended.wait(SECONDS)
    assert log_in(hub.url, credentials()) == "Server unavailable"
    mosquitto.start()
    assert log_in(hub.url, credentials()) == ACCEPTED


def test_a_restart_drops_clients_and_takes_none_for_a_while(hub: StrictHub, sender: Sender) -> None:
    sender.ask(payload())
    hub.restart(1)
    assert sender.ended.wait(SECONDS)
    with connection_to(hub) as connection:
        connection.settimeout(5)  # after ten it ends by itself, for want of a login
        assert connection.recv(1) == b""
    wait_until(lambda: is_taken(hub))
    assert (hub.counters.connects, hub.events) == (1, 1)


def is_taken(hub: StrictHub) -> bool:
    """Whether a new connection stays open for a login."""
    with connection_to(hub) as connection:
        connection.settimeout(0.05)
        with suppress(TimeoutError):
            return connection.recv(1) != b""
    return True


def test_a_restart_forgets_no_connects(mosquitto: Mosquitto) -> None:
    with StrictHub(mosquitto.url, Rules(SECRETS)) as hub:
        for _ in range(4):
            log_in(hub.url, credentials())
        hub.restart(0)
        assert log_in(hub.url, credentials()) == "Not authorized"
        assert hub.counters.lockouts == 1


def test_a_port_that_is_taken_is_said_and_leaves_nothing_running(
    hub: StrictHub, mosquitto: Mosquitto
) -> None:
    before = set(threading.enumerate())
    taken = "127.0.0.1", int(urlsplit(hub.url).port or 0)
    with pytest.raises(Se3Error, match=f"can't listen on {hub.url}"):
        StrictHub(mosquitto.url, RULES, address=taken).start()
    assert set(threading.enumerate()) <= before


def test_it_ends_with_clients_connected_and_leaves_nothing_running(mosquitto: Mosquitto) -> None:
    before = set(threading.enumerate())
    hub = StrictHub(mosquitto.url, RULES)
    hub.start()
    with Sender(hub.url, login=credentials()) as sender, connection_to(hub):
        sender.ask(payload())
        hub.stop()
        assert sender.ended.wait(SECONDS)
    assert set(threading.enumerate()) <= before
    gc.collect()

"""The forwarder against EnOS protocol as a stranger reads it: every byte that it really sends."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from app.domain.events import Kind
from app.store import deliveries, events
from app.store.database import Database
from tests.support.enos_rules import (
    check_computed_login,
    check_connect,
    check_publish,
    read_connect,
    read_publish,
    read_subscribe,
    signature,
)
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt_tap import Packet, Tap, tapped
from tests.support.new_events import new_event
from tests.support.programs import Program, own_program

KEY, SECRET = "prodKey01", "prodSecret01"
DOCUMENTS, SDKS = f"sys/{KEY}/integration/event/post", f"/sys/{KEY}/integration/event/post"


@contextmanager
def cloud(broker: Mosquitto, topic: str) -> Iterator[None]:
    """Answer 200 to every message on one topic, in one form, as EnOS would."""
    subscribed = threading.Event()

    def answer(client: Client, _: Any, message: MQTTMessage) -> None:
        reply = {"id": json.loads(message.payload)["id"], "code": 200, "data": {}}
        client.publish(f"{message.topic}_reply", json.dumps(reply), qos=1)

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = answer
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    assert subscribed.wait(10)
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """A history and a real-time event that wait for EnOS."""
    with closing(Database(sqlite_url)) as database:
        with database.write() as connection:
            events.record(connection, [new_event(1), new_event(2, kind=Kind.REALTIME)])
        yield database


def delivered(database: Database) -> bool:
    with database.read() as connection:
        return [row.code for row in deliveries.listed(connection, None, 10)] == [200, 200]


def forward(tap: Tap, database: Database, folder: Path, until: Callable[[], bool], **settings: str) -> None:
    """Run the forwarder until something has come true."""
    env = {
        "DATABASE_URL": f"sqlite:///{database.sqlite_file}",
        "ENOS_BROKER_URL": f"mqtt://127.0.0.1:{tap.port}",
        "ENOS_PRODUCT_KEY": KEY,
        "ENOS_PRODUCT_SECRET": SECRET,
    } | settings
    with Program([own_program("se3"), "forward"], folder / "forward.log", env=env) as program:
        program.wait_until(until)


def publishes(tap: Tap) -> list[Packet]:
    """Those of the client: replies come on another topic."""
    return [packet for packet in tap.of("PUBLISH") if not read_publish(packet).topic.endswith("_reply")]


def test_the_second_reading_agrees_with_the_worked_example() -> None:
    """EnOS protocol, section 1."""
    password = "D6A5AD1C6581BC35E7916F0FE159F882EDCA93087A730F4B7DCDAC28D66DD77D"
    assert signature("prodKey01", "prodSecret01", "1548753362502") == password.lower()


@pytest.mark.parametrize(
    ("topic", "slash", "qos"), [(DOCUMENTS, "false", 1), (SDKS, "true", 1), (DOCUMENTS, "false", 0)]
)
def test_login_subscription_and_messages_are_what_the_documents_ask_for(
    tmp_path: Path, mosquitto: Mosquitto, database: Database, topic: str, slash: str, qos: int
) -> None:
    with tapped(mosquitto.port) as tap, cloud(mosquitto, topic):
        forward(
            tap, database, tmp_path, lambda: delivered(database), ENOS_TOPIC_SLASH=slash, ENOS_QOS=str(qos)
        )
        [connect] = map(read_connect, tap.of("CONNECT"))
        check_connect(connect)
        check_computed_login(connect, KEY, SECRET, time.time_ns() // 1_000_000)
        assert [read_subscribe(packet) for packet in tap.of("SUBSCRIBE")] == [f"{topic}_reply"]
        names = tap.names()
        assert names.index("SUBACK") < names.index("PUBLISH"), "a reply comes only to who subscribed before"
        elements = [
            element
            for packet in publishes(tap)
            for element in check_publish(read_publish(packet), topic, qos)
        ]
        assert sorted((*element["events"], element["time"]) for element in elements) == [
            ("HistoryEvent", 1_566_016_554_001),
            ("RealTimeEvent", 1_566_016_554_002),
        ]


def test_a_ready_made_login_passes_as_it_stands(
    tmp_path: Path, mosquitto: Mosquitto, database: Database
) -> None:
    login = {
        "ENOS_CLIENT_ID": "prodKey01|securemode=9,signmethod=md5,timestamp=0|é",
        "ENOS_USERNAME": "%channel%&prodKey01&more",
        "ENOS_PASSWORD": "opaque =\"'$x#|",
    }
    with tapped(mosquitto.port) as tap, cloud(mosquitto, DOCUMENTS):
        forward(tap, database, tmp_path, lambda: delivered(database), ENOS_PRODUCT_SECRET="", **login)
        [connect] = map(read_connect, tap.of("CONNECT"))
        check_connect(connect)
        assert [connect.client_id, connect.username, connect.password] == list(login.values())


def test_a_cloud_that_listens_to_the_other_form_gets_nothing(
    tmp_path: Path, mosquitto: Mosquitto, database: Database
) -> None:
    """So that the tests above could fail."""
    with tapped(mosquitto.port) as tap, cloud(mosquitto, SDKS):
        forward(tap, database, tmp_path, lambda: "PUBACK" in tap.names())
        assert all(read_publish(packet).topic == DOCUMENTS for packet in tap.of("PUBLISH"))
        assert not delivered(database)

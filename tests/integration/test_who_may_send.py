"""A stranger can't send; a box with the right key, address and number can."""

import dataclasses
import socket
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.receiver.url_keys import take_key
from app.store import events, quarantine
from app.store.database import Database
from tests.integration.conftest import BoxClient
from tests.support.payloads import payload
from tests.support.receivers import Receiver

KEY, NEXT_KEY = "k3y-of-the-site-1", "k3y-of-the-site-2"
EVENT = payload("history-contract")
WithSettings = Callable[..., BoxClient]


@pytest.fixture
def box_of(settings: Settings) -> WithSettings:
    def make(**changes: Any) -> BoxClient:
        return BoxClient(dataclasses.replace(settings, **changes))

    return make


def post(box: BoxClient, path: str, source: str = "192.0.2.7", **headers: str) -> Any:
    return box.post(path, json=EVENT, environ_base={"REMOTE_ADDR": source}, headers=headers)


@pytest.mark.parametrize(
    "path", [f"/{KEY}/HistoryEvent", f"/{KEY}//HistoryEvent/", f"/HistoryEvent?key={KEY}"]
)
def test_a_key_opens_and_is_kept_nowhere(
    box_of: WithSettings, database: Database, path: str, capfd: Any
) -> None:
    assert post(box_of(receiver_keys=(NEXT_KEY, KEY)), path).status_code == 200
    with database.read() as connection:
        [event] = events.latest(connection, 10)
    assert event.route == "/HistoryEvent"
    assert KEY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "path",
    [
        "/HistoryEvent",
        "/HistoryEvent?key=",
        f"/{KEY[:-1]}/HistoryEvent",
        f"/HistoryEvent?key={KEY}x",
        "/ключ/HistoryEvent",
    ],
)
def test_without_a_right_key_nothing_is_taken_and_nothing_is_kept(
    box_of: WithSettings, database: Database, path: str
) -> None:
    reply = post(box_of(receiver_keys=(KEY,)), path)
    assert reply.status_code == 403
    assert "RECEIVER_KEYS" in reply.json["detail"]
    with database.read() as connection:
        assert events.latest(connection, 10) == []
        assert quarantine.ids(connection) == []


@pytest.mark.parametrize(
    "changes", [{"receiver_keys": (KEY,)}, {"receiver_networks": (ip_network("10.0.0.0/8"),)}]
)
@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD", "OPTIONS", "ANYTHING"])
def test_nothing_that_a_stranger_sends_is_kept_whatever_the_method(
    box_of: WithSettings, database: Database, method: str, changes: dict[str, Any]
) -> None:
    reply = box_of(**changes).open("/HistoryEvent", method=method, data=b"x" * 100)
    assert reply.status_code == 403
    with database.read() as connection:
        assert quarantine.ids(connection) == []


def test_a_body_without_a_length_is_a_body(box_of: WithSettings) -> None:
    box = box_of(receiver_keys=(KEY,))
    assert box.open("/", method="GET", headers={"Transfer-Encoding": "chunked"}).status_code == 403


def test_what_is_logged_of_a_url_holds_no_key() -> None:
    environ = {"PATH_INFO": f"/{KEY}/History Event", "QUERY_STRING": f"a=1&key={KEY}"}
    environ["RAW_URI"] = f"/{KEY}/History%20Event?a=1&key={KEY}"
    assert take_key(environ, [KEY])
    assert environ["RAW_URI"] == "/History%20Event?a=1"
    assert "REQUEST_URI" not in environ


def test_gunicorn_logs_no_key_of_a_request_that_it_cannot_read(tmp_path: Path, sqlite_url: str) -> None:
    receiver = Receiver(tmp_path, sqlite_url, RECEIVER_KEYS=KEY)
    with receiver.program as program:
        host, _, port = receiver.address.partition(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"POST /{KEY}/HistoryEvent\r\n\r\n".encode())
            program.wait_for_output("Invalid request from ip=127.0.0.1: Invalid HTTP request line$")
        assert KEY not in program.output()


def test_a_wrong_path_behind_a_key_is_kept_without_the_key(box_of: WithSettings, database: Database) -> None:
    assert post(box_of(receiver_keys=(KEY,)), f"/{KEY}/Typo").status_code == 404
    with database.read() as connection:
        [kept] = quarantine.listed(connection, 10)
    assert kept.route == "/Typo"


def test_keys_are_no_matter_where_none_are_set(box_of: WithSettings) -> None:
    assert post(box_of(), "/HistoryEvent").status_code == 200
    assert post(box_of(), f"/{KEY}/HistoryEvent").status_code == 404


def test_health_is_told_without_a_key(box_of: WithSettings) -> None:
    assert box_of(receiver_keys=(KEY,)).get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("source", "status"),
    [("192.0.2.7", 200), ("::ffff:192.0.2.7", 200), ("198.51.100.1", 403), ("2001:db8::7", 200), ("", 403)],
)
def test_only_the_networks_that_are_set_may_post(box_of: WithSettings, source: str, status: int) -> None:
    box = box_of(receiver_networks=(ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")))
    assert post(box, "/HistoryEvent", source).status_code == status


def test_only_boxes_that_are_set_are_taken_and_others_are_kept_aside(
    box_of: WithSettings, database: Database
) -> None:
    number = EVENT["ext_data"]["dev_sno"] if "dev_sno" in EVENT["ext_data"] else EVENT["dev_sno"]
    assert post(box_of(receiver_boxes=("another", number)), "/HistoryEvent").status_code == 200
    reply = post(box_of(receiver_boxes=("another",)), "/HistoryEvent")
    assert reply.status_code == 403
    assert number in reply.text
    with database.read() as connection:
        assert len(quarantine.ids(connection)) == 1


def test_who_is_too_fast_is_told_when_to_come_again(box_of: WithSettings) -> None:
    box = box_of(receiver_rate=1)
    replies = [post(box, "/HistoryEvent") for _ in range(70)]
    assert [reply.status_code for reply in replies[:60]] == [200] * 60  # a minute's worth
    assert replies[-1].status_code == 429
    assert int(replies[-1].headers["Retry-After"]) >= 1
    assert post(box, "/HistoryEvent", "192.0.2.8").status_code == 200


def test_a_sender_cannot_choose_its_address(box_of: WithSettings, database: Database) -> None:
    def stored(**changes: Any) -> str:
        reply = post(
            box_of(**changes), "/HistoryEvent", "10.0.0.1", **{"X-Forwarded-For": "6.6.6.6, 192.0.2.9"}
        )
        assert reply.status_code == 200
        with database.write() as connection:
            [event] = events.latest(connection, 1)
        return event.source_address

    EVENT["timestamp"] = 1_600_000_000_001
    assert stored() == "10.0.0.1"
    EVENT["timestamp"] = 1_600_000_000_002
    assert stored(receiver_proxies=1) == "192.0.2.9"

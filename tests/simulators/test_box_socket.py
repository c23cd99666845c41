import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.errors import Se3Error
from app.simulators.box_socket import BoxSocket
from tests.support.ports import free_port

REQUEST: dict[str, Any] = {"need_face": True, "need_register": False, "event_list": []}


@pytest.fixture
def box() -> Iterator[BoxSocket]:
    with BoxSocket(port=free_port()) as box:  # one that nobody takes while it is stopped
        yield box


@pytest.mark.parametrize(
    "first", ["", "hello", "[]", json.dumps(REQUEST | {"need_face": 1}), '{"event_list": []}']
)
def test_who_does_not_ask_as_demanded_gets_nothing(box: BoxSocket, first: str) -> None:
    with connect(box.url) as client:
        client.send(first)
        with pytest.raises(ConnectionClosed, match="1008"):
            client.recv(timeout=15)
    assert box.requests == []


def test_a_client_gets_the_events_of_the_devices_it_named(box: BoxSocket) -> None:
    events = [{"device_id": name} for name in ("one", "two", "one")]
    with connect(box.url) as named, connect(box.url) as unnamed:
        named.send(json.dumps(REQUEST | {"event_list": ["two"]}))
        unnamed.send(json.dumps(REQUEST))
        assert box.wait_for_clients(2, timeout=15)
        for event in events:
            box.send(event)
        assert json.loads(named.recv(timeout=15)) == events[1]
        assert [json.loads(unnamed.recv(timeout=15)) for _ in events] == events


def test_it_comes_back_where_it_was(box: BoxSocket) -> None:
    url = box.url
    with connect(url) as client:
        box.stop()
        with pytest.raises(ConnectionClosed, match="1001"):
            client.recv(timeout=15)
    with pytest.raises(ConnectionRefusedError):
        connect(url)
    box.start()
    with connect(url) as client:
        client.send(json.dumps(REQUEST))
        assert box.wait_for_clients(1, timeout=15)


def test_a_taken_port_is_said() -> None:
    with BoxSocket(port=free_port()) as box, pytest.raises(Se3Error, match="can't listen on ws://127"):
        BoxSocket(port=int(box.url.rpartition(":")[2])).start()

"""The real-time and the history event of one sighting are linked; EnOS gets those it is set to."""

import threading
from typing import Any
from uuid import UUID

import pytest

from app.domain.events import Kind
from app.store import deliveries, events
from app.store.database import Database
from app.store.writer import Writer
from tests.integration.conftest import BoxClient
from tests.support.fake_exchange import FakeExchange
from tests.support.new_events import BOUNDS, new_event
from tests.support.relays import all_settled, relay_for, step_until

WHO = {"identity_id": "7", "identity_name": "小明", "timestamp": 1629080261881, "score": 94.8}
REALTIME = WHO | {"group_name": "g", "ext_data": {"device_ip": "10.0.0.7"}}
HISTORIES: dict[str, dict[str, Any]] = {
    "address": WHO | {"group_name": "g", "ext_data": {"device_ip": "10.0.0.7", "dev_sno": "B"}},
    "id of box and address": WHO | {"group_name": "g", "ext_data": {"ep_id": "B__10.0.0.7"}},
    "id with a url": WHO | {"ep_info": {"ep_id": "0xe0__rtsp://10.0.0.7:554/ch1"}},
    "v6": WHO | {"media_device_info": {"media_device_ip": "10.0.0.7", "media_device_id": "f00"}},
    "float seconds": WHO | {"ep_info": {"ep_ip": "10.0.0.7"}, "timestamp": 1629080261.8812},
    "whole seconds": WHO | {"ep_info": {"ep_ip": "10.0.0.7"}, "timestamp": 1629080261},
}
OTHERS: dict[str, dict[str, Any]] = {
    "another person": HISTORIES["v6"] | {"identity_id": "8"},
    "another camera": HISTORIES["v6"] | {"media_device_info": {"media_device_ip": "10.0.0.8"}},
    "another time": HISTORIES["v6"] | {"timestamp": 1629080261881 + 2},
    "another second": HISTORIES["whole seconds"] | {"timestamp": 1629080260},
    "no camera at all": WHO | {"ep_info": {"ep_id": ""}},
}


def sighting_of(database: Database, reply: Any) -> tuple[UUID, UUID]:
    with database.read() as connection:
        event = events.get(connection, UUID(reply.json["data"]["id"]))
    assert event is not None
    return event.id, event.sighting_id


@pytest.mark.parametrize("name", HISTORIES)
@pytest.mark.parametrize("history_first", [True, False])
def test_both_copies_share_the_first_one_s_id(
    box: BoxClient, database: Database, name: str, history_first: bool
) -> None:
    posts = [("/RealTimeEvent", REALTIME), ("/HistoryEvent", HISTORIES[name])]
    first, second = (box.post(path, json=body) for path, body in (posts[::-1] if history_first else posts))
    first_id, shared = sighting_of(database, first)
    assert shared == first_id
    assert sighting_of(database, second)[1] == first_id


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_resembles_a_copy_is_a_sighting_of_its_own(
    box: BoxClient, database: Database, name: str
) -> None:
    box.post("/RealTimeEvent", json=REALTIME)
    event_id, sighting_id = sighting_of(database, box.post("/HistoryEvent", json=OTHERS[name]))
    assert event_id == sighting_id


def test_what_a_box_sends_in_two_ways_is_one_sighting(box: BoxClient, database: Database) -> None:
    first_id, _ = sighting_of(database, box.post("/RealTimeEvent", json=REALTIME))
    replies = [
        box.post("/RealTimeEvent", json=REALTIME | {"device_id": "of the WebSocket", "identity_info": {}}),
        box.post("/HistoryEvent", json=HISTORIES["v6"]),
        box.post("/HistoryEvent", json=HISTORIES["address"]),
    ]
    assert {sighting_of(database, reply)[1] for reply in replies} == {first_id}


def test_copies_that_arrive_at_the_same_time_find_each_other(database: Database) -> None:
    writers = {kind: Writer(database, BOUNDS) for kind in Kind}
    barrier = threading.Barrier(2)

    def record(kind: Kind) -> None:
        for number in range(40):
            barrier.wait(10)
            writers[kind].record([new_event(number * 60_000, kind=kind)])

    threads = [threading.Thread(target=record, args=(kind,)) for kind in Kind]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        stored = events.latest(connection, 100)
    assert len(stored) == 80
    assert len({event.sighting_id for event in stored}) == 40


@pytest.mark.parametrize(
    ("enos_events", "delivered"),
    [
        ("both", {"realtime", "history", "history alone"}),
        ("history", {"history", "history alone"}),
        ("realtime", {"realtime"}),
        ("first", {"realtime", "history alone"}),
    ],
)
def test_enos_gets_the_copies_it_is_set_to(database: Database, enos_events: str, delivered: set[str]) -> None:
    sent = {
        "realtime": new_event(1, kind=Kind.REALTIME),
        "history": new_event(1, kind=Kind.HISTORY),
        "history alone": new_event(60_000, kind=Kind.HISTORY),
    }
    with database.write() as connection:
        events.record(connection, list(sent.values()))
    enos = FakeExchange()
    step_until(relay_for(database, enos, enos_events=enos_events), all_settled(database))
    names = {new.event.id: name for name, new in sent.items()}
    with database.read() as connection:
        rows = {names[row.event_id]: row for row in deliveries.listed(connection, None, 10)}
    assert {name for name, row in rows.items() if row.state == "delivered"} == delivered
    assert sum(enos.sizes) == len(delivered)
    for name in rows.keys() - delivered:
        assert rows[name].state == "skipped"
        assert f"ENOS_EVENTS is {enos_events}" in (rows[name].reason or "")

"""Flat and V6 events become the same columns as nested ones, and stay as they were sent."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.domain.events import FaceEvent
from app.domain.warnings import EventWarning, WarningCode
from app.enos.mapping.mapping import DEFAULT_MAPPING
from app.store import events, pictures, warnings
from app.store.database import Database
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.payloads import payload

DocumentOf = Callable[[str], dict[str, Any]]
ROUTES = ("/HistoryEvent", "/RealTimeEvent")


def stored(database: Database, reply: Any) -> FaceEvent:
    assert reply.status_code == 200, reply.json
    with database.read() as connection:
        event = events.get(connection, UUID(reply.json["data"]["id"]))
    assert event is not None
    return event


def warnings_of(database: Database, reply: Any) -> list[EventWarning]:
    with database.read() as connection:
        return warnings.warnings_of(connection, stored(database, reply).id)


@pytest.mark.parametrize("name", ["history-flat-v5r7", "history-v6"])
@pytest.mark.parametrize("route", ROUTES)
def test_every_form_is_taken_on_every_route_and_comes_back_as_sent(
    box: BoxClient, document_of: DocumentOf, name: str, route: str
) -> None:
    reply = box.post(route, json=payload(name))
    assert reply.status_code == 200
    assert json.dumps(document_of(reply.json["data"]["id"])) == json.dumps(payload(name))


def test_the_flat_form_stands_in_the_contract_s_columns(box: BoxClient, database: Database) -> None:
    event = stored(database, box.post("/HistoryEvent", json=payload("history-flat-v5r7")))
    assert (event.identity_id, event.identity_name) == ("1602612036.3828533", "stranger")
    assert (event.group_name, event.device_type) == (None, None)
    assert (event.timestamp, event.score, event.want_action) == ("1602612036150", 6.58, "0")
    assert event.ep_id == "0xe0a509261422__rtsp://192.168.1.100:8554/ch103"
    assert (event.device_ip, event.dev_sno) == ("192.168.1.100", "0xe0a509261422")
    assert event.person_type == 4
    assert event.info == payload("history-flat-v5r7")["recognize_face_attr"]


def test_the_v6_form_stands_in_the_contract_s_columns(box: BoxClient, database: Database) -> None:
    reply = box.post("/HistoryEvent", json=payload("history-v6"))
    event = stored(database, reply)
    assert (event.identity_id, event.identity_name, event.score) == ("01200002", "小明", 94.8)
    assert (event.timestamp, event.want_action, event.person_type) == ("1629080261881", "0", 1)
    assert (event.dev_sno, event.device_ip) == ("NAAXWN000120210813164813", "192.168.1.38")
    assert event.ep_id == "fb4eb129a3d64f0a81a04a00e36547b1"
    with database.read() as connection:
        uses = pictures.uses_of(connection, event.id)
    assert {use.field: use.pointer for use in uses} == {
        "reg_pic": "/reg_image",
        "spot_pic": "/spot_image",
        "recognize_face": "/recognize_face_image",
    }


@pytest.mark.parametrize(
    ("word", "number"), [("blacklist", 3), ("VIP", 5), ("stranger", 4), ("3", 3), (3, 3)]
)
def test_a_word_and_its_number_are_the_same_person_type(
    box: BoxClient, database: Database, word: object, number: int
) -> None:
    v6 = stored(database, box.post("/HistoryEvent", json=payload("history-v6") | {"user_type": word}))
    nested = payload("history-contract")
    nested["ext_data"]["person_type"] = word
    assert v6.person_type == stored(database, box.post("/HistoryEvent", json=nested)).person_type == number


def test_a_car_is_taken_with_a_warning(box: BoxClient, database: Database) -> None:
    reply = box.post("/HistoryEvent", json=payload("history-v6") | {"user_type": "car"})
    assert stored(database, reply).person_type is None
    assert [(w.code, w.pointer) for w in warnings_of(database, reply)] == [
        (WarningCode.UNKNOWN_PERSON_TYPE, "/user_type")
    ]


@pytest.mark.parametrize(
    ("name", "changes", "pointers"),
    [
        (
            "history-v6",
            {"identity_id": None, "score": "x", "user_type": "alien", "mq_license_key": 5, "reg_image": 7},
            ["/identity_id", "/score", "/user_type", "/mq_license_key", "/reg_image"],
        ),
        ("history-v6", {"media_device_info": {"media_device_ip": 1}}, ["/media_device_info/media_device_ip"]),
        ("history-flat-v5r7", {"ep_info": {"ep_id": 1}, "timestamp": "no"}, ["/ep_info/ep_id", "/timestamp"]),
    ],
)
def test_wrong_fields_are_named_where_they_stand(
    box: BoxClient, name: str, changes: dict[str, Any], pointers: list[str]
) -> None:
    reply = box.post("/HistoryEvent", json=payload(name) | changes)
    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.json["errors"]} == {f"#{place}" for place in pointers}


def test_one_sighting_has_the_same_columns_in_all_forms(box: BoxClient, database: Database) -> None:
    who = {"identity_id": "7", "identity_name": "小明", "timestamp": 1629080261881, "score": 94.8}
    nested = who | {
        "group_name": "g",
        "want_action": "0",
        "ext_data": {"ep_id": "B__10.0.0.7", "device_ip": "10.0.0.7", "dev_sno": "B", "person_type": 3},
    }
    flat = who | {
        "want_action": "0",
        "person_type": 3,
        "dev_sno": "B",
        "ep_info": {"ep_id": "B__10.0.0.7", "ep_ip": "10.0.0.7"},
    }
    v6 = who | {
        "post_action": "0",
        "user_type": "blacklist",
        "mq_license_key": "B",
        "media_device_info": {"media_device_id": "B__10.0.0.7", "media_device_ip": "10.0.0.7"},
    }
    stored_forms = [stored(database, box.post("/HistoryEvent", json=form)) for form in (nested, flat, v6)]
    own = {"id", "sighting_id", "received_at", "document", "fingerprint", "group_name"}
    columns = [
        {name: value for name, value in dataclasses.asdict(event).items() if name not in own}
        for event in stored_forms
    ]
    assert columns[0] == columns[1] == columns[2]
    assert columns[0]["person_type"] == 3
    elements = [DEFAULT_MAPPING.element(event) for event in stored_forms]
    assert elements[0]["events"]["HistoryEvent"].pop("group_name") == "g"
    assert elements[0] == elements[1] == elements[2]


def test_lenient_takes_what_has_an_identity_and_a_time(box_for: BoxFor, database: Database) -> None:
    box = box_for(validation="lenient")
    reply = box.post("/HistoryEvent", json={"identity_id": "7", "timestamp": 1629080261, "score": "high"})
    event = stored(database, reply)
    assert (event.identity_name, event.group_name, event.score) == (None, None, None)
    assert {(w.code, w.pointer) for w in warnings_of(database, reply)} == {
        (WarningCode.FIELD_MISSING, "/identity_name"),
        (WarningCode.FIELD_MISSING, "/group_name"),
        (WarningCode.FIELD_MISSING, "/ext_data"),
        (WarningCode.FIELD_WRONG, "/score"),
    }
    refused = box.post("/HistoryEvent", json={"identity_id": "", "score": "high"})
    assert {error["pointer"] for error in refused.json["errors"]} == {"#/identity_id", "#/timestamp"}


def test_lenient_takes_a_number_for_the_text_it_should_be(box_for: BoxFor, database: Database) -> None:
    sent = payload("history-contract") | {"identity_id": 666666}
    assert box_for().post("/HistoryEvent", json=sent).status_code == 422
    reply = box_for(validation="lenient").post("/HistoryEvent", json=sent)
    assert stored(database, reply).identity_id == "666666"
    assert [(w.code, w.pointer) for w in warnings_of(database, reply)] == [
        (WarningCode.FIELD_WRONG, "/identity_id")
    ]


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        (3600, WarningCode.CLOCK_BEHIND),
        (0, WarningCode.CLOCK_BEHIND),
        (4_102_444_800_000, WarningCode.CLOCK_AHEAD),
        (1566016554, None),
    ],
)
def test_a_wrong_clock_is_warned_of_and_believed(
    box: BoxClient, database: Database, timestamp: int, code: WarningCode | None
) -> None:
    reply = box.post("/HistoryEvent", json=payload("history-contract") | {"timestamp": timestamp})
    assert stored(database, reply).timestamp == str(timestamp)
    assert [w.code for w in warnings_of(database, reply)] == ([code] if code else [])


def test_warnings_are_counted_for_each_box(box: BoxClient, database: Database) -> None:
    for number in range(3):
        box.post("/HistoryEvent", json=payload("history-contract") | {"timestamp": number, "reg_pic": "x"})
    box.post("/HistoryEvent", json=payload("history-v6") | {"user_type": "car"})
    box.post("/HistoryEvent", json=payload("history-v2r4"))
    with database.read() as connection:
        found = {(count.box, count.code): count.events for count in warnings.counted(connection)}
    assert found == {
        ("AKOPKKKKK", "clock_behind"): 3,
        ("AKOPKKKKK", "no_picture"): 3,
        ("NAAXWN000120210813164813", "unknown_person_type"): 1,
    }

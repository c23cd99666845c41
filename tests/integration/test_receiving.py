"""What a box gets for what it posts, and what is in the database afterwards."""

import base64
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from app.built_in_paths import HISTORY_PATHS, REALTIME_PATHS
from app.simulators import encodings as simulated
from app.simulators.form_encodings import Encoded
from app.store import events, pictures
from app.store.database import Database
from app.store.queries import counts
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.encodings import DIALECTS, ENCODINGS, as_json, as_multipart, as_urlencoded
from tests.support.payloads import payload, payload_bytes

Encode = Callable[[dict[str, Any]], Encoded]
DocumentOf = Callable[[str], dict[str, Any]]

NESTED = {
    "history-contract": "/HistoryEvent",
    "history-v2r4": "/HistoryEvent",
    "realtime-v2r4": "/RealTimeEvent",
}
PICTURE_FIELDS = ("reg_pic", "spot_pic", "recognize_face")
encodings = pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
samples = pytest.mark.parametrize("name", NESTED)


def post(box: BoxClient, path: str, request: Encoded) -> Any:
    body, headers = request
    return box.post(path, data=body, headers=headers)


@samples
@encodings
def test_each_sample_is_accepted_in_each_encoding(
    box: BoxClient, document_of: DocumentOf, name: str, encode: Encode
) -> None:
    sent = payload(name)
    reply = post(box, NESTED[name], encode(sent))
    assert reply.status_code == 200
    assert reply.json["status"] == 0
    assert reply.json["message"] == "SUCCESS"
    assert reply.json["data"]["duplicate"] is False
    stored = document_of(reply.json["data"]["id"])
    assert stored.keys() == sent.keys()
    assert stored["ext_data"] == sent["ext_data"]
    assert {key: str(value) for key, value in stored.items()} == {
        key: str(value) for key, value in sent.items()
    }


@samples
def test_json_comes_back_equal_and_in_its_order(box: BoxClient, document_of: DocumentOf, name: str) -> None:
    reply = post(box, NESTED[name], (payload_bytes(name), {"Content-Type": "application/json"}))
    assert json.dumps(document_of(reply.json["data"]["id"])) == json.dumps(payload(name))


@samples
@encodings
def test_a_repeated_event_is_a_duplicate_in_every_encoding(
    box: BoxClient, database: Database, name: str, encode: Encode
) -> None:
    first = post(box, NESTED[name], encode(payload(name)))
    for again in ENCODINGS.values():
        reply = post(box, NESTED[name], again(payload(name)))
        assert reply.json["data"] == {"id": first.json["data"]["id"], "duplicate": True}
    with database.read() as connection:
        assert counts(connection).events == 1
        assert counts(connection).outbox["pending"] == 1


@samples
@pytest.mark.parametrize("encode", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_of_forms_is_the_same_event(
    box: BoxClient, database: Database, name: str, encode: Encode
) -> None:
    first = post(box, NESTED[name], encode(payload(name)))
    assert first.status_code == 200
    assert post(box, NESTED[name], as_json(payload(name))).json["data"]["duplicate"] is True
    sent = payload(name)["ext_data"]
    with database.read() as connection:
        event = events.get(connection, UUID(first.json["data"]["id"]))
        assert event is not None
        shown = {use.field: use.picture.content for use in pictures.uses_of(connection, event.id)}
    assert (event.device_ip, event.person_type) == (sent["device_ip"], sent["person_type"])
    assert shown["spot_pic"] == base64.b64decode(sent["spot_pic"])


def test_a_form_that_lost_its_nested_values_keeps_what_came(box: BoxClient, document_of: DocumentOf) -> None:
    sent = payload("realtime-v2r4")
    reply = post(box, "/RealTimeEvent", simulated.encode(sent, "names-only"))
    assert reply.status_code == 200
    assert document_of(reply.json["data"]["id"])["ext_data"] == list(sent["ext_data"])


def test_json_is_not_forgiven_what_a_form_is(box: BoxClient) -> None:
    for ext_data in ("", "device_ip", ["device_ip"]):
        assert (
            box.post("/RealTimeEvent", json=payload("realtime-v2r4") | {"ext_data": ext_data}).status_code
            == 422
        )


def test_pictures_are_stored_byte_for_byte_and_once(box: BoxClient, database: Database) -> None:
    sent = payload("history-v2r4")
    later = sent | {"timestamp": sent["timestamp"] + 60_000}
    first = post(box, "/HistoryEvent", as_json(sent))
    post(box, "/HistoryEvent", as_json(later))
    with database.read() as connection:
        uses = pictures.uses_of(connection, UUID(first.json["data"]["id"]))
        assert counts(connection).pictures == 3
    expected = {"reg_pic": sent["reg_pic"], **{name: sent["ext_data"][name] for name in PICTURE_FIELDS[1:]}}
    assert {use.field: use.picture.content for use in uses} == {
        name: base64.b64decode(text) for name, text in expected.items()
    }
    assert {use.picture.media_type for use in uses} == {"image/jpeg"}


def test_contract_fields_stand_in_their_columns(box: BoxClient, database: Database) -> None:
    reply = post(box, "/HistoryEvent", as_multipart(payload("history-v2r4")))
    with database.read() as connection:
        event = events.get(connection, UUID(reply.json["data"]["id"]))
    assert event is not None
    assert (event.identity_id, event.identity_name, event.group_name) == ("13028", "stranger", "默认分组")
    assert (event.score, event.timestamp, event.want_action) == (94.8, "1560408984678", "1001")
    assert f"{event.occurred_at:%Y-%m-%dT%H:%M:%S.%f%z}" == "2019-06-13T06:56:24.678000+0000"
    assert (event.dev_sno, event.device_ip) == ("ZKZ0001", "192.168.1.151")
    assert (event.ep_id, event.person_type, event.device_type) == ("ZKZ0001__192.168.1.151", 4, "1")
    assert event.grab_fiqa_info == payload("history-v2r4")["ext_data"]["grab_fiqa_info"]
    assert event.route == "/HistoryEvent"
    assert event.source_address == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "name"),
    [(path, "history-v2r4") for path in HISTORY_PATHS] + [(path, "realtime-v2r4") for path in REALTIME_PATHS],
)
@pytest.mark.parametrize("style", ["{}", "{}/", "{}?key=1"])
def test_every_known_path_works_as_people_type_it(box: BoxClient, path: str, name: str, style: str) -> None:
    assert post(box, style.format(path), as_json(payload(name))).status_code == 200


def test_two_names_of_a_route_are_one_and_two_kinds_are_two(box: BoxClient, database: Database) -> None:
    sent = payload("history-v2r4")
    post(box, HISTORY_PATHS[0], as_json(sent))
    assert post(box, HISTORY_PATHS[2], as_json(sent)).json["data"]["duplicate"] is True
    assert post(box, REALTIME_PATHS[0], as_json(sent)).json["data"]["duplicate"] is False
    with database.read() as connection:
        assert counts(connection).events == 2


def test_a_deep_form_document_can_be_read_back(box: BoxClient, document_of: DocumentOf) -> None:
    deep = '{"dev_sno": "B1", "x": ' + "[" * 199 + "]" * 199 + "}"
    reply = post(box, "/HistoryEvent", as_urlencoded(payload("history-contract") | {"ext_data": deep}))
    assert reply.status_code == 200
    assert json.dumps(document_of(reply.json["data"]["id"])["ext_data"]) == json.dumps(json.loads(deep))


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("1000", "1e3")])
def test_two_people_whose_ids_are_equal_numbers_are_two(box: BoxClient, one: str, other: str) -> None:
    people = [payload("history-contract") | {"identity_id": identity_id} for identity_id in (one, other)]
    for encode in (as_urlencoded, as_json):
        replies = [post(box, "/HistoryEvent", encode(person)) for person in people]
        assert {reply.json["data"]["duplicate"] for reply in replies} == {encode is as_json}


def test_more_paths_come_from_settings(box_for: BoxFor) -> None:
    box = box_for(history_paths=("/gate/7",))
    assert post(box, "/gate/7", as_json(payload("history-v2r4"))).status_code == 200


def test_two_json_bodies_that_only_a_form_could_confuse_are_two_events(
    box: BoxClient, document_of: DocumentOf
) -> None:
    extras: list[object] = [1, "1", None, "", True, {}]
    bodies = [payload("history-contract") | {"extra": extra} for extra in extras]
    ids = [post(box, "/HistoryEvent", as_json(body)).json["data"]["id"] for body in bodies]
    assert [document_of(event_id) for event_id in ids] == bodies
    assert len(set(ids)) == len(bodies)
    for body, event_id in zip(bodies[1:], ids[1:], strict=True):
        reply = post(box, "/HistoryEvent", as_json(body))
        assert reply.json["data"] == {"id": event_id, "duplicate": True}


@pytest.mark.parametrize("reg_pic", ["missing", None, ""])
def test_the_library_photo_may_be_switched_off(
    box: BoxClient, document_of: DocumentOf, reg_pic: object
) -> None:
    sent = payload("history-contract") | {"reg_pic": reg_pic}
    if reg_pic == "missing":
        del sent["reg_pic"]
    reply = post(box, "/HistoryEvent", as_json(sent))
    assert reply.status_code == 200
    assert document_of(reply.json["data"]["id"]) == sent


@pytest.mark.parametrize(
    "change",
    [
        {"identity_name": ""},
        {"group_name": ""},
        {"timestamp": "1566016554"},
        {"timestamp": 1566016554.25},
        {"score": 1},
        {"score": "6.56"},
        {"unknown": {"deep": [1, None, {"x": "é😀\u0000"}]}, "huge": 2**80},
        {"reg_pic": "not a picture at all"},
        {"info": ""},
        {"person_type": 2.0},
        {"reg_pic": "data:image/jpeg;base64," + payload("history-contract")["reg_pic"]},
        {"identity_name": "NUL \u0000 in a name"},
    ],
    ids=str,
)
def test_what_boxes_vary_is_accepted_and_kept(
    box: BoxClient, document_of: DocumentOf, change: dict[str, Any]
) -> None:
    sent = payload("history-contract") | change
    reply = post(box, "/HistoryEvent", as_json(sent))
    assert reply.status_code == 200
    assert json.dumps(document_of(reply.json["data"]["id"])) == json.dumps(sent)


@pytest.mark.parametrize("wrap", [76, 64])
def test_base64_with_line_breaks_is_a_picture_and_stays_as_it_was(
    box: BoxClient, database: Database, document_of: DocumentOf, wrap: int
) -> None:
    text = payload("history-contract")["reg_pic"]
    sent = payload("history-contract") | {
        "reg_pic": "\n".join(text[i : i + wrap] for i in range(0, len(text), wrap))
    }
    event_id = post(box, "/HistoryEvent", as_json(sent)).json["data"]["id"]
    assert document_of(event_id) == sent
    with database.read() as connection:
        assert pictures.uses_of(connection, UUID(event_id))[0].picture.content == base64.b64decode(text)


def test_pictures_and_texts_may_be_file_parts(box: BoxClient, document_of: DocumentOf) -> None:
    sent = payload("history-contract")
    picture = base64.b64decode(sent["reg_pic"])
    first = post(box, "/HistoryEvent", as_multipart(sent))
    files = {"reg_pic": (BytesIO(picture), "face.jpg")}
    files["ext_data"] = (BytesIO(json.dumps(sent["ext_data"]).encode()), "ext_data.json")
    texts = {name: str(value) for name, value in sent.items() if name not in files}
    reply = box.post("/HistoryEvent", data=texts | files)
    assert reply.json["data"] == {"id": first.json["data"]["id"], "duplicate": True}
    assert document_of(first.json["data"]["id"])["reg_pic"] == sent["reg_pic"]


@pytest.mark.parametrize("place", ["ext_data", "beside", "ep_id"])
def test_the_licence_code_may_stand_in_three_places(box: BoxClient, database: Database, place: str) -> None:
    sent = payload("history-contract")
    dev_sno = sent["ext_data"].pop("dev_sno")
    if place == "beside":
        sent["dev_sno"] = dev_sno
        del sent["ext_data"]["ep_id"]
    elif place == "ext_data":
        sent["ext_data"]["dev_sno"] = dev_sno
        del sent["ext_data"]["ep_id"]
    reply = post(box, "/HistoryEvent", as_json(sent))
    assert reply.status_code == 200
    with database.read() as connection:
        event = events.get(connection, UUID(reply.json["data"]["id"]))
    assert event is not None
    assert event.dev_sno == dev_sno


def test_health(box: BoxClient) -> None:
    assert box.get("/healthz").json == {"status": "ok"}
    assert box.get("/readyz").json == {"status": "ready", "faults": [], "spooled": 0}

"""A refused body is answered with every reason and kept whole."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError

from app.receiver import routes
from app.store import pictures, quarantine
from app.store.database import Database
from app.store.queries import counts
from app.telemetry.logs import configure_logging
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.encodings import as_json
from tests.support.payloads import payload
from tests.support.waiting import wait_until

PART = b"--x\r\nContent-Disposition: form-data; "


def kept(database: Database, reply: Any) -> tuple[Any, bytes]:
    with database.read() as connection:
        found = quarantine.get(connection, UUID(reply.json["quarantine"]))
    assert found is not None
    return found


def refused_bodies(database: Database) -> int:
    with database.read() as connection:
        return counts(connection).quarantine


def test_every_wrong_field_is_named_and_the_body_is_kept(box: BoxClient, database: Database) -> None:
    sent = payload("history-contract") | {"identity_id": "", "score": "high", "timestamp": True, "reg_pic": 5}
    del sent["group_name"]
    sent["ext_data"] |= {"person_type": 2.9, "device_type": 1}
    body, headers = as_json(sent)
    reply = box.post("/HistoryEvent", data=body, headers=headers)
    assert reply.status_code == 422
    assert reply.content_type == "application/problem+json"
    assert {error["pointer"] for error in reply.json["errors"]} == {
        "#/identity_id",
        "#/group_name",
        "#/score",
        "#/timestamp",
        "#/reg_pic",
        "#/ext_data/person_type",
        "#/ext_data/device_type",
    }
    refused, kept_body = kept(database, reply)
    assert kept_body == body
    assert refused.status == 422
    assert refused.content_type == "application/json"
    assert len(refused.problems) == 7


@pytest.mark.parametrize(
    "name", ["identity_id", "identity_name", "group_name", "timestamp", "score", "ext_data"]
)
@pytest.mark.parametrize("path", ["/HistoryEvent", "/RealTimeEvent"])
@pytest.mark.parametrize("null", [True, False])
def test_a_required_field_must_be_there_and_not_null(
    box: BoxClient, path: str, name: str, null: bool
) -> None:
    sent: dict[str, Any] = payload("history-contract")
    sent["dev_sno"] = "A1"
    del sent[name]
    if null:
        sent[name] = None
    reply = box.post(path, json=sent)
    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json["errors"]] == [f"#/{name}"]


def test_only_history_needs_the_box(box: BoxClient) -> None:
    sent = payload("realtime-v2r4")
    assert box.post("/RealTimeEvent", json=sent).status_code == 200
    reply = box.post("/HistoryEvent", json=sent)
    assert [error["pointer"] for error in reply.json["errors"]] == ["#/dev_sno"]
    sent["ext_data"]["dev_sno"] = ""
    assert box.post("/HistoryEvent", json=sent).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"identity_id": "1"', "application/json", 400),
        (b'{"a": 1, "a": 2}', "application/json", 400),
        (b'["no", "object"]', "application/json", 400),
        (b"plain words", "application/json", 400),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x", 400),
        (PART + b'name="a"\r\n\r\ncut off', "multipart/form-data; boundary=x", 400),
        (PART + b'name="a"\r\n\r\n\xff\r\n--x--', "multipart/form-data; boundary=x", 400),
        (b"name=%FF", "application/x-www-form-urlencoded", 400),
        (b"<event/>", "text/xml", 415),
        (b"\xff\xd8\xff\xe0 a jpeg", "image/jpeg", 415),
    ],
)
def test_what_can_not_be_read_is_kept_too(
    box: BoxClient, database: Database, body: bytes, content_type: str, status: int
) -> None:
    reply = box.post("/HistoryEvent", data=body, content_type=content_type)
    assert reply.status_code == status
    assert reply.json["status"] == status
    assert kept(database, reply)[1] == body


def test_an_empty_body_is_refused_and_there_is_nothing_to_keep(box: BoxClient) -> None:
    reply = box.post("/HistoryEvent")
    assert reply.status_code == 400
    assert "quarantine" not in reply.json


def test_a_body_that_is_too_large_is_kept_whole(box_for: BoxFor, database: Database) -> None:
    box = box_for(max_body_mb=1)
    body = b'{"x": "' + b"y" * 2_000_000 + b'"}'
    reply = box.post("/HistoryEvent", data=body)
    assert reply.status_code == 413
    assert kept(database, reply)[1] == body


def test_a_body_far_too_large_is_refused_unread(box_for: BoxFor) -> None:
    box = box_for(max_body_mb=1)
    reply = box.post("/HistoryEvent", data=b"y" * 5_000_000)
    assert reply.status_code == 413
    assert "quarantine" not in reply.json


def test_an_unknown_path_keeps_the_event_of_a_mistyped_url(box: BoxClient, database: Database) -> None:
    body, headers = as_json(payload("history-contract"))
    reply = box.post("/HistoryEvnt", data=body, headers=headers)
    assert reply.status_code == 404
    assert "/HistoryEvent" in reply.json["detail"]
    assert kept(database, reply)[1] == body


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_told_which_one_works(box: BoxClient, method: str) -> None:
    reply = box.open("/HistoryEvent", method=method)
    assert reply.status_code == 405
    assert reply.headers["Allow"] == "POST"


def test_a_body_that_comes_again_is_counted_not_kept_twice(box: BoxClient, database: Database) -> None:
    replies = [box.post("/HistoryEvent", data=b"{") for _ in range(3)]
    assert len({reply.json["quarantine"] for reply in replies}) == 1
    assert kept(database, replies[0])[0].times == 3


def test_the_quarantine_keeps_the_newest_within_its_bound(box_for: BoxFor, database: Database) -> None:
    box = box_for(quarantine_max_mb=1)
    replies = [box.post("/HistoryEvent", data=b"{%d" % i + b" " * 300_000) for i in range(6)]
    wait_until(lambda: refused_bodies(database) == 3)  # those beyond go after the reply
    assert kept(database, replies[-1])[1].startswith(b"{5")


def test_no_reply_shows_what_the_body_held(box: BoxClient) -> None:
    secret = payload("history-contract")["reg_pic"]
    for change in (
        {"score": secret},
        {"identity_id": {"x": secret}},
        {"timestamp": secret},
        {"ext_data": secret},
    ):
        assert secret[:20] not in box.post("/HistoryEvent", json=payload("history-contract") | change).text


def test_without_the_database_nothing_is_refused_for_good(box_for: BoxFor, database: Database) -> None:
    box = box_for(spool_path=Path("/dev/null/spool.db"))
    with database.write() as connection:
        connection.execute(text("DROP TABLE quarantine"))
    reply = box.post("/HistoryEvent", data=b"{")
    assert reply.status_code == 503
    assert reply.headers["Retry-After"]


def test_a_fault_of_our_own_keeps_the_body(
    box: BoxClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "read_events", lambda *_: 1 / 0)
    body, headers = as_json(payload("history-contract"))
    reply = box.post("/HistoryEvent", data=body, headers=headers)
    assert reply.status_code == 500
    assert "division" not in reply.text
    assert kept(database, reply)[1] == body


def test_what_the_database_refuses_is_kept_and_is_not_asked_for_again(
    box: BoxClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise DataError("INSERT", {}, Exception("out of range"))

    monkeypatch.setattr(pictures, "keep", refuse)
    body, headers = as_json(payload("history-contract"))
    reply = box.post("/HistoryEvent", data=body, headers=headers)
    assert reply.status_code == 500
    assert kept(database, reply)[1] == body


@pytest.mark.parametrize("wrong", ["text", [], 5, True])
@pytest.mark.parametrize("name", ["ext_data", "info", "grab_fiqa_info", "box_fiqa_info"])
def test_a_field_that_is_no_object_is_named(box: BoxClient, name: str, wrong: object) -> None:
    sent = payload("history-contract")
    (sent if name == "ext_data" else sent["ext_data"])[name] = wrong
    reply = box.post("/HistoryEvent", json=sent)
    assert reply.status_code == 422
    assert [error["detail"] for error in reply.json["errors"]] == ["must be an object, { … }"]


def test_stray_bodies_push_out_no_refused_event(box_for: BoxFor, database: Database) -> None:
    box = box_for(quarantine_max_mb=1)
    refused = box.post("/HistoryEvent", data=b"{")
    for number in range(8):
        box.post("/anything", data=b"%d" % number + b" " * 300_000)
    assert kept(database, refused)[1] == b"{"


def test_a_path_is_shown_without_its_control_characters(box: BoxClient, database: Database) -> None:
    reply = box.post("/x%00%1b[2J", data=b"{")
    assert kept(database, reply)[0].route == "/x\ufffd\ufffd[2J"


def test_a_fault_of_our_own_shows_no_face_in_the_log(
    box: BoxClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logging()
    monkeypatch.setattr(routes, "read_events", lambda _kind, decoded, *_: decoded.no_such_attribute)
    box.post("/HistoryEvent", json=payload("history-contract"))
    log = capsys.readouterr().err
    assert "no_such_attribute" in log
    assert payload("history-contract")["identity_name"] not in log
    assert payload("history-contract")["reg_pic"][:20] not in log


def test_readyz_names_what_is_wrong(box_for: BoxFor) -> None:
    box = box_for(disk_floor_mb=10**9)
    reply = box.get("/readyz")
    assert reply.status_code == 503
    assert "DISK_FLOOR_MB" in reply.json["faults"][0]

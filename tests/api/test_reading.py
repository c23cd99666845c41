"""Events, pictures, deliveries, refused bodies, boxes and counts, as a program reads them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event

from app.domain.delivery import DeliveryState
from app.domain.events import Arrival, Kind, NewEvent
from app.domain.refusals import Refusal
from app.receiver.body.decoding import Decoded, Encoding
from app.receiver.status.reading import read_reports
from app.store import audit, deliveries, devices, event_search, events, outbox_tools, quarantine
from app.store.database import Database
from tests.console.conftest import Person
from tests.support.api_client import ApiClient
from tests.support.new_events import RECEIVED_AT, new_event
from tests.support.payloads import payload

ARRIVAL = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT)


def record(database: Database, *new_events: NewEvent) -> list[UUID]:
    with database.write() as connection:
        return [recorded.id for recorded in events.record(connection, new_events)]


def refuse(database: Database, number: int, status: int = 422) -> UUID:
    reasons = [{"pointer": "/score", "detail": "must be a number"}]
    refusal = Refusal(ARRIVAL, "POST", "text/plain", status, "invalid-event", reasons, b"%d" % number)
    with database.write() as connection:
        return quarantine.keep(connection, [refusal])[0]


def report(database: Database, key: str, form: str = "status-v2r4", **changes: Any) -> None:
    document = payload(form) | {"dev_sno": key} | changes
    with database.write() as connection:
        reports = read_reports(
            Decoded([document], Encoding.JSON), Arrival("/DeviceStatus", "192.0.2.7", datetime.now(UTC))
        )
        devices.record(connection, reports)


def at(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        document = document[step]
    return document


def actions(database: Database, number: int) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(entry.user_name, entry.action) for entry in audit.latest(connection, number)]


def test_one_event_tells_all_with_references_for_pictures(api: ApiClient, database: Database) -> None:
    [event_id, twin] = record(
        database, new_event(1, unknown=[1, None, 2**70]), new_event(1, kind=Kind.REALTIME)
    )
    found = api.get(f"/events/{event_id}")
    assert (found["id"], found["twins"], found["kind"]) == (str(event_id), [str(twin)], "history")
    assert found["delivery"]["state"] == "pending"
    assert found["document"]["unknown"] == [1, None, 2**70]
    assert [one["field"] for one in found["pictures"]] == ["reg_pic", "spot_pic"]
    for picture in found["pictures"]:
        content = api.ask("GET", picture["href"])
        assert hashlib.sha256(content.data).hexdigest() == picture["sha256"]
        assert (len(content.data), content.content_type) == (picture["size"], picture["media_type"])
        assert at(found["document"], picture["pointer"])["href"] == picture["href"]


def test_the_document_comes_as_it_was_sent_keys_in_their_order(api: ApiClient, database: Database) -> None:
    [event_id] = record(database, new_event(1, a=2**70))
    sent = payload("history-contract") | {"timestamp": 1_566_016_554_001, "a": 2**70}
    found = api.get(f"/events/{event_id}/document")
    assert found == sent
    assert list(found) == list(sent)


def test_a_picture_that_is_there_is_not_sent_again(api: ApiClient, database: Database) -> None:
    [event_id] = record(database, new_event(1))
    href = api.get(f"/events/{event_id}")["pictures"][0]["href"]
    picture = api.ask("GET", href)
    assert picture.headers["Cache-Control"] == "private, no-cache"
    again = api.ask("GET", href, headers={"If-None-Match": picture.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert api.ask("GET", href, headers={"If-None-Match": '"another"'}).data == picture.data
    assert api.ask("GET", f"{href}%0a").status_code == 404


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"text": "小"}, {"identity_name": "王小明"}),
        ({"identity": "77"}, {"identity_id": "77"}),
        ({"kind": "realtime"}, {"kind": Kind.REALTIME}),
        ({"least_score": "2e-1", "most_score": 0.3}, {"score": 0.25}),
        ({"has_warnings": "true"}, {"timestamp": 1}),
    ],
)
def test_the_consoles_filters_find_events(
    api: ApiClient, database: Database, query: dict[str, Any], fields: dict[str, Any]
) -> None:
    other: dict[str, Any] = {"identity_name": "Somebody", "identity_id": "7", "group_name": "g", "score": 0.9}
    record(database, *(new_event(number, **other) for number in range(3)))
    [wanted] = record(database, new_event(9, **other | fields))
    assert [one["id"] for one in api.walk("/events", **query)] == [str(wanted)]
    assert len(api.walk("/events")) == 4


def test_times_narrow_events_in_any_zone(api: ApiClient, database: Database) -> None:
    record(database, new_event(1))
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    assert len(api.walk("/events", since=(now - hour).isoformat(), until=(now + hour).isoformat())) == 1
    assert api.walk("/events", until=(now - hour).strftime("%Y-%m-%dT%H:%M:%SZ")) == []
    assert len(api.walk("/events", since="0001-01-01T00:00:00+23:59", until="9999-12-31T23:59:59-23:59")) == 1


@pytest.mark.parametrize("limit", [1, 3, 200])
@pytest.mark.parametrize("looked_at", [1, 4, 100])
def test_cursors_walk_events_once_while_others_arrive(
    api: ApiClient, database: Database, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(event_search, "MOST_LOOKED_AT", looked_at)
    ids = record(database, *(new_event(number, identity_name=f"n{number % 2}") for number in range(9)))
    for query, there in (({}, ids), ({"text": "n1"}, ids[1::2])):
        page = api.get("/events", limit=limit, **query)
        walked = [one["id"] for one in page["items"]]
        arriving = 100
        while page["next"]:
            record(
                database,
                new_event(arriving, identity_name="n1", timestamp=2 * 10**12 + arriving + len(query)),
            )
            arriving += 1
            page = api.get("/events", limit=limit, cursor=page["next"], **query)
            walked += [one["id"] for one in page["items"]]
        ours = [one for one in walked if UUID(one) in ids]
        assert ours == [str(one) for one in sorted(there, reverse=True)]
        assert len(walked) == len(set(walked))


@pytest.mark.parametrize("looked_at", [2, 100])
def test_deliveries_are_walked_by_state_and_channel(
    api: ApiClient, database: Database, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(deliveries, "MOST_LOOKED_AT", looked_at)
    ids = record(database, *(new_event(number) for number in range(7)))
    every = api.walk("/outbox", limit=2)
    assert {one["event_id"] for one in every} == {str(one) for one in ids}
    assert [one["id"] for one in every] == sorted((one["id"] for one in every), reverse=True)
    with database.write() as connection:
        outbox_tools.drop(connection, [2, 5], [DeliveryState.PENDING], "no", datetime.now(UTC))
    assert [one["id"] for one in api.walk("/outbox", limit=1, state="dropped")] == [5, 2]
    assert len(api.walk("/outbox", limit=2, state="pending", channel="")) == 5
    assert api.walk("/outbox", limit=1, state="delivered") == []
    assert api.walk("/outbox", channel="none") == []
    assert api.get("/outbox/5")["reason"] == "no"


def test_of_a_long_backlog_a_page_looks_through_the_newest_deliveries_only(
    api: ApiClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MOST_LOOKED_AT", 3)
    record(database, *(new_event(number) for number in range(5)))
    with database.write() as connection:
        outbox_tools.drop(connection, [5], [DeliveryState.PENDING], "no", datetime.now(UTC))
    page = api.get("/outbox", limit=3, state="pending")
    assert [one["id"] for one in page["items"]] == [4, 3]
    rest = api.get("/outbox", limit=3, state="pending", cursor=page["next"])
    assert [one["id"] for one in rest["items"]] == [2, 1]


def test_a_rare_channel_is_looked_for_in_what_is_looked_at_only(database: Database) -> None:
    statements: list[str] = []
    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        deliveries.page(connection, None, "none", 10, None)
    looks = [one for one in statements if one.startswith("SELECT")]
    assert looks
    assert all(one.count("FROM outbox") == 1 and "JOIN" not in one for one in looks)


def test_refused_bodies_are_walked_and_read(api: ApiClient, database: Database) -> None:
    ids = [refuse(database, number, 422 if number % 2 else 400) for number in range(5)]
    page = api.get("/quarantine", limit=2)
    refuse(database, 0)  # comes again, and keeps its place
    rest = api.walk("/quarantine", limit=2, cursor=page["next"])
    walked = [one["id"] for one in page["items"] + rest]
    assert walked == [str(one) for one in sorted(ids, reverse=True)]
    assert len(api.walk("/quarantine", status=400, limit=1)) == 2
    found = api.get(f"/quarantine/{ids[0]}")
    assert (found["times"], found["problems"]) == (2, [{"pointer": "/score", "detail": "must be a number"}])
    body = api.ask("GET", f"/quarantine/{ids[3]}/body")
    assert (body.data, body.content_type) == (b"3", "application/octet-stream")


def test_boxes_come_with_their_cameras_and_without_passwords(api: ApiClient, database: Database) -> None:
    camera = {
        "ep_id": "c1",
        "ep_status": "online",
        "ep_url": "rtsp://admin:secret@192.0.2.9/1?password=secret",
    }
    for key in ("b", "a/b//c", "c"):
        report(database, key, sub_devices=[camera])
    report(database, "b", sub_devices=[camera | {"ep_url": "rtsp://admin:geheim@192.0.2.8/1"}])
    assert [one["key"] for one in api.walk("/devices", limit=1)] == ["a/b//c", "b", "c"]
    found = api.ask("GET", "/devices/b")
    assert "secret" not in found.text
    assert "geheim" not in found.text
    [seen] = found.get_json()["cameras"]
    assert (seen["key"], seen["online"], seen["url"]) == ("c1", True, "rtsp://192.0.2.8")
    assert found.get_json()["online"] is True
    assert {change["field"] for change in found.get_json()["changes"]} == {"status", "url"}
    assert api.get("/devices/a/b//c")["key"] == "a/b//c"


def test_the_counts_tell_what_there_is(api: ApiClient, database: Database) -> None:
    record(database, new_event(1))
    found = api.get("/stats")
    assert (found["events"], found["outbox"]["pending"], found["forwarders"]) == (1, 1, [])
    assert found["oldest_waiting_at"] == RECEIVED_AT.isoformat()


def test_what_shows_people_is_in_the_audit_log(api: ApiClient, database: Database, viewer: Person) -> None:
    [event_id] = record(database, new_event(1))
    kept = refuse(database, 1)
    for path in (
        "/events",
        f"/events/{event_id}",
        f"/events/{event_id}/document",
        f"/quarantine/{kept}/body",
    ):
        api.ask("GET", path)
    viewer.get("/api/v1/events?text=x")
    assert actions(database, 5) == [
        ("anna", "events_seen"),
        ("token a program", "refused_body_downloaded"),
        ("token a program", "document_seen"),
        ("token a program", "event_seen"),
        ("token a program", "events_seen"),
    ]
    with database.read() as connection:
        assert audit.latest(connection, 1)[0].subject == "none text=x"


def test_the_document_of_the_api_is_openapi_3_1(api: ApiClient, console: Flask) -> None:
    spec = api.get("/openapi.json")
    assert spec["openapi"].startswith("3.1")
    rules = {rule.endpoint for rule in console.url_map.iter_rules() if rule.endpoint.startswith("api.")}
    operations = [one for path in spec["paths"].values() for one in path if one != "parameters"]
    assert len(operations) == len(rules)


def test_the_page_that_shows_it_runs_no_script_but_ours(viewer: Person) -> None:
    page = viewer.get("/api/v1/docs")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text
    page.close()
    for name in ("docs.js", "swagger-ui/swagger-ui-bundle.js"):
        script = viewer.get(f"/api/v1/docs/{name}")
        assert script.status_code == 200
        script.close()

"""What is found can be taken away as a file."""

import csv
import io
import json
import zipfile
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from app.console.events.exports import downloads
from app.console.events.exports.downloads import ExportEnded
from app.exports import archive, rows
from app.store import audit, event_search, events, pictures, users
from app.store.database import Database
from tests.console.conftest import Person
from tests.console.test_events import newest_first, record
from tests.support.new_events import new_event
from tests.support.payloads import payload


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.encode().split(b"\n") if line]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_json_lines_hold_every_event_as_it_was_sent(viewer: Person, database: Database) -> None:
    ids = record(database, *(new_event(number, extra={"深": [1.5, None]}) for number in range(250)))
    reply = viewer.get("/events/export/events.jsonl")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="events.jsonl"'
    found = lines(reply.text)
    assert [row["id"] for row in found] == [str(one) for one in newest_first(ids)]
    with database.read() as connection:
        event = events.get(connection, ids[0])
        uses = pictures.shown_by(connection, ids[:1])[ids[0]]
    assert event is not None
    row = next(row for row in found if row["id"] == str(ids[0]))
    assert row["document"] == event.document
    assert row["pictures"] == [{"field": field, "sha256": digest.hex()} for field, digest in uses]
    assert (row["state"], row["identity_id"]) == ("pending", event.identity_id)


def test_csv_holds_what_the_filters_find_and_its_cells_survive(viewer: Person, database: Database) -> None:
    name = 'O\'Neill, "Tip"\r\n小明'
    record(database, new_event(1), new_event(2, identity_name=name))
    reply = viewer.get("/events/export/events.csv?" + urlencode({"text": "Neill"}))
    [row] = table(reply.text)
    assert row["identity_name"] == name
    assert len(row["spot_pic"]) == 64


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1+1", "@SUM(1)", "\tx"])
def test_no_spreadsheet_takes_a_name_for_a_formula(viewer: Person, database: Database, name: str) -> None:
    record(database, new_event(1, identity_name=name))
    assert table(viewer.get("/events/export/events.csv").text)[0]["identity_name"] == f"'{name}"


def test_a_zip_has_each_picture_once_under_its_digest(viewer: Person, database: Database) -> None:
    ids = record(database, *(new_event(number) for number in range(3)))  # all with the same pictures
    reply = viewer.get("/events/export/events.zip")
    with zipfile.ZipFile(io.BytesIO(reply.data)) as file:
        assert file.testzip() is None
        rows = lines(file.read("events.jsonl").decode())
        assert [row["id"] for row in table(file.read("events.csv").decode())] == [row["id"] for row in rows]
        with database.read() as connection:
            used = {digest for _, digest in pictures.shown_by(connection, ids[:1])[ids[0]]}
            for digest in used:
                picture = pictures.get(connection, digest)
                assert picture is not None
                assert file.read(f"pictures/{digest.hex()}.jpg") == picture.content
    assert len(rows) == 3
    assert len(file.namelist()) == 2 + len(used)


def test_a_zip_stops_at_its_bound(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_EVENTS", 2)
    ids = record(database, *(new_event(number) for number in range(3)))
    with zipfile.ZipFile(io.BytesIO(viewer.get("/events/export/events.zip").data)) as file:
        found = lines(file.read("events.jsonl").decode())
    assert [row["id"] for row in found] == [str(one) for one in newest_first(ids)[:2]]


def test_more_exports_than_threads_may_serve_are_turned_away(viewer: Person, database: Database) -> None:
    record(database, new_event())
    running = [viewer.client.get("/events/export/events.jsonl", buffered=False) for _ in range(4)]
    assert viewer.get("/events/export/events.csv").status_code == 503
    for reply in running:
        reply.close()
    assert viewer.get("/events/export/events.csv").status_code == 200


@pytest.mark.parametrize("form", ["csv", "jsonl", "zip"])
@pytest.mark.parametrize("change", ["disable", "stop"])
def test_an_export_fails_once_its_user_is_disabled_or_the_console_stops(
    viewer: Person,
    console: Flask,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    form: str,
) -> None:
    monkeypatch.setattr(rows, "_PAGE", 1)
    monkeypatch.setattr(downloads, "_ASK_SECONDS", 0)
    record(database, *(new_event(number) for number in range(3)))
    reply = viewer.client.get(f"/events/export/events.{form}", buffered=False)
    if change == "disable":
        with database.write() as connection:
            user: Any = users.named(connection, "anna")
            users.disable(connection, user)
    else:
        console.extensions["ending"].set()
    with pytest.raises(ExportEnded):
        list(reply.iter_encoded())
    reply.close()


def test_an_export_that_finds_nothing_asks_too(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, True, False])
    monkeypatch.setattr(event_search, "MOST_LOOKED_AT", 1)
    monkeypatch.setattr(downloads, "_ASK_SECONDS", 0)
    monkeypatch.setattr(downloads, "may_go_on", lambda _database: next(answers))
    record(database, *(new_event(number) for number in range(5)))
    with pytest.raises(ExportEnded):
        viewer.get("/events/export/events.jsonl?text=nobody")


def test_a_zip_asks_before_each_picture(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])  # one page of events, then a picture
    monkeypatch.setattr(downloads, "_ASK_SECONDS", 0)
    monkeypatch.setattr(downloads, "may_go_on", lambda _database: next(answers))
    record(database, new_event())
    with pytest.raises(ExportEnded):
        _ = viewer.get("/events/export/events.zip").data


def test_a_filter_that_cannot_be_read_exports_nothing(viewer: Person, database: Database) -> None:
    record(database, new_event())
    reply = viewer.get("/events/export/events.csv?least_score=high")
    assert reply.status_code == 400
    assert "least_score" in reply.text


def test_an_export_stands_in_the_audit_log(viewer: Person, database: Database) -> None:
    viewer.get("/events/export/events.csv?kind=history")
    with database.read() as connection:
        [entry] = audit.latest(connection, 1)
    assert (entry.user_name, entry.action, entry.subject) == ("anna", "exported", "csv kind=history")


def test_the_message_to_enos_is_shown_or_why_there_is_none(viewer: Person, database: Database) -> None:
    [event_id] = record(database, new_event())
    text = viewer.get(f"/events/{event_id}").text
    assert "integration.event.post" in text
    assert payload("history-contract")["identity_id"] in text

"""Refused bodies: each fault at its place, corrected and admitted with its pictures, or discarded."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from urllib3.filepost import encode_multipart_formdata
from werkzeug.test import TestResponse

from app.config import Settings
from app.console.refused import admit_all, discard_all
from app.domain.events import Arrival
from app.domain.refusals import Quarantined, Refusal
from app.factory import create_receiver
from app.simulators.encodings import encode
from app.store import audit, devices, events, pictures, quarantine, quarantine_search, warnings
from app.store.database import Database
from app.store.quarantine_search import Cursor, RefusedSearch
from app.store.queries import counts
from tests.console.conftest import Person
from tests.support.new_events import RECEIVED_AT
from tests.support.payloads import payload

Post = Callable[..., UUID]

RIGHT = payload("history-contract")
TIMES = "\u00d7"
PICTURE = base64.b64decode(RIGHT["reg_pic"])


def without(name: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in (RIGHT | changes).items() if key != name}


@pytest.fixture
def post(database_url: str, tmp_path: Path) -> Iterator[Post]:
    """Posts to the receiver what it refuses; gives the id under which it is kept."""
    settings = Settings(database_url=database_url, spool_path=tmp_path / "spool.db", disk_floor_mb=0)
    app = create_receiver(settings)

    def post(body: bytes | dict[str, Any], path: str = "/HistoryEvent", **headers: str) -> UUID:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        reply = app.test_client().post(path, data=data, headers=headers)
        return UUID(reply.get_json()["quarantine"])

    yield post
    app.extensions["writer"].close()
    app.extensions["database"].close()


def shown(page: str) -> list[str]:
    """The lines of the body that a page shows, as a reader sees them."""
    found = re.search(r'<pre class="body"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found
    return html.unescape(re.sub(r"<[^>]*>", "", found[1])).splitlines()


def typed(page: str) -> list[tuple[str, str]]:
    """The names and texts in the fields to correct a body with."""
    texts = [
        html.unescape(text) for text in re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    ]
    names = [html.unescape(name) for name in re.findall(r'<input name="name" value="([^"]*)"', page)]
    return list(zip(names or [""] * len(texts), texts, strict=True))


def correct(person: Person, quarantine_id: UUID, fields: list[tuple[str, str]], **more: str) -> TestResponse:
    """Send corrected fields as a browser does, which makes every line break a CRLF."""
    token = re.search(r'name="form_token" value="(\w+)"', person.get("/password").text)
    assert token
    parts = [("form_token", token[1]), *more.items()]
    for name, text in fields:
        parts += [("name", name), ("text", text.replace("\r\n", "\n").replace("\n", "\r\n"))]
    body, content_type = encode_multipart_formdata(parts)
    return person.client.post(f"/refused/{quarantine_id}/edit", data=body, content_type=content_type)


def event_of(reply: TestResponse) -> UUID:
    """The event to which an admission leads."""
    assert reply.status_code == 303, shown(reply.text)
    return UUID(reply.location.partition("/events/")[2].partition("?")[0])


def latest_audit(database: Database) -> tuple[str, str, str]:
    with database.read() as connection:
        [entry] = audit.latest(connection, 1)
    return entry.user_name, entry.action, entry.subject


def test_each_fault_of_json_is_shown_in_its_place(viewer: Person, post: Post) -> None:
    ext_data = RIGHT["ext_data"] | {"person_type": "dog"}
    page = viewer.get(f"/refused/{post(without('group_name', score='high', ext_data=ext_data))}").text
    lines = [line.strip() for line in shown(page)]
    assert '"score": "high", must be a number' in lines
    assert "group_name is missing" in lines
    assert lines.index("group_name is missing") == len(lines) - 2  # in the outermost object
    [person_type] = [line for line in lines if "person_type" in line]
    assert "must be a whole number" in person_type
    assert f"<{len(RIGHT['reg_pic'])} characters of base64>" in "".join(lines)
    assert RIGHT["reg_pic"][:200] not in page


def test_the_faults_of_an_array_are_shown_however_long_it_is(viewer: Person, post: Post) -> None:
    documents = [RIGHT | {"timestamp": number, "more": list(range(40))} for number in range(100)]
    page = viewer.get(f"/refused/{post(json.dumps([*documents, without('score')]).encode())}").text
    lines = [line.strip() for line in shown(page)]
    assert "score is missing" in lines
    assert len(lines) < 1200


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart", "bracketed", "multipart-files"])
def test_each_fault_of_a_form_is_shown_at_its_field(viewer: Person, post: Post, encoding: str) -> None:
    body, headers = encode(without("group_name", score="high"), encoding)
    lines = shown(viewer.get(f"/refused/{post(body, **headers)}").text)
    assert "score = high must be a number" in lines
    assert lines[-1] == "group_name is missing"


@pytest.mark.parametrize(
    ("body", "before"),
    [
        (b'{"identity_id": "7", }', '{"identity_id": "7", '),
        ('{"identity_name": "王小明", }'.encode("gbk"), '{"identity_name": "王小明", '),
        ('\ufeff{"identity_name": "王", }'.encode(), '{"identity_name": "王", '),
        (b'{"identity_id": "\xff\xff" }', '{"identity_id": "'),
    ],
    ids=["ascii", "gbk", "bom", "no charset"],
)
def test_of_json_that_breaks_the_place_is_shown(viewer: Person, post: Post, body: bytes, before: str) -> None:
    [until, *_] = shown(viewer.get(f"/refused/{post(body)}").text)
    text, _, where = until.partition("Reading stopped here, at byte ")
    assert text.rstrip() == before.rstrip()
    assert before.rstrip() in body[: int(where.rstrip("."))].decode("gbk" if b"\xcd\xf5" in body else "utf-8")


def test_what_would_run_in_a_browser_is_shown_as_text(operator: Person, post: Post) -> None:
    attack = "</pre></textarea><script>alert(1)</script>"
    for body in (without("group_name", identity_name=attack), f'{{"a": "{attack}"'.encode()):
        quarantine_id = post(body)
        for path in ("", "/edit"):
            page = operator.get(f"/refused/{quarantine_id}{path}").text
            assert "&lt;script&gt;alert(1)" in page
            assert "<script>alert" not in page
    body, headers = encode(without("group_name", **{"<script>alert(1)</script>": attack}), "multipart")
    page = operator.get(f"/refused/{post(body, **headers)}/edit").text
    assert "<script>alert" not in page
    assert "<script>alert" not in operator.get("/refused").text


def test_a_body_is_downloaded_as_it_came(viewer: Person, post: Post) -> None:
    body = b"\xff\xd8\xff<script>\x00"
    reply = viewer.get(f"/refused/{post(body)}/body")
    assert reply.data == body
    assert reply.content_type == "application/octet-stream"
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert reply.headers["Cache-Control"] == "private, no-store"


def test_a_binary_body_is_shown_by_its_bytes_and_not_corrected(operator: Person, post: Post) -> None:
    quarantine_id = post(PICTURE)
    lines = shown(operator.get(f"/refused/{quarantine_id}").text)
    assert lines[0].startswith("0000  ff d8 ff")
    assert len(lines) < 40
    assert operator.get(f"/refused/{quarantine_id}/edit").status_code == 404


@pytest.mark.parametrize(
    "body",
    [b"{" + b" x" * 2_000_000, b'{"a": "' + b"\\u4e2d" * 400_000, b"<event>" * 400_000, b"[" * 100_000],
    ids=["garbage", "escapes", "xml", "deep"],
)
def test_a_huge_body_makes_no_huge_page(operator: Person, post: Post, body: bytes) -> None:
    quarantine_id = post(body)
    assert len(operator.get(f"/refused/{quarantine_id}").text) < 100_000
    assert operator.get(f"/refused/{quarantine_id}/edit").status_code in (200, 404)


@pytest.mark.parametrize("encoding", ["json", "json-gbk", "json-gzip", "json-array"])
def test_corrected_json_is_admitted_with_its_pictures(
    operator: Person, post: Post, database: Database, encoding: str
) -> None:
    body, headers = encode(RIGHT | {"score": "high"}, encoding)
    quarantine_id = post(body, **headers)
    with database.read() as connection:
        refused = quarantine.get(connection, quarantine_id)
    assert refused
    [(_, text)] = typed(operator.get(f"/refused/{quarantine_id}/edit").text)
    assert len(text) < 3000
    event_id = event_of(correct(operator, quarantine_id, [("", text.replace('"high"', "0.5"))]))
    with database.read() as connection:
        event = events.get(connection, event_id)
        assert event
        assert events.document_as_sent(connection, event) == RIGHT | {"score": 0.5}
        assert PICTURE in [use.picture.content for use in pictures.uses_of(connection, event_id)]
        assert quarantine.get(connection, quarantine_id) is None
        assert counts(connection).outbox["pending"] == 1
        [warning] = warnings.warnings_of(connection, event_id)
    assert (event.route, event.source_address) == (refused[0].route, refused[0].source_address)
    assert event.received_at == refused[0].first_received_at
    assert warning.code == "corrected"
    assert '/score "high" → 0.5' in warning.detail
    who, action, subject = latest_audit(database)
    assert (who, action) == ("otto", "refused_admitted")
    assert subject.startswith(f"{quarantine_id} as {event_id}, corrected: ")
    assert '/score "high" → 0.5' in subject


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart", "bracketed", "multipart-files", "python"])
def test_a_corrected_form_is_admitted_with_its_pictures(
    operator: Person, post: Post, database: Database, encoding: str
) -> None:
    sent = without("group_name", score="high", note="two\nlines & ü + 100%")
    body, headers = encode(sent, encoding)
    quarantine_id = post(body, **headers)
    fields = typed(operator.get(f"/refused/{quarantine_id}/edit").text)
    assert sum(len(text) for _, text in fields) < 5000
    corrected = [(name, "0.5" if name == "score" else text) for name, text in fields]
    corrected[-1] = ("group_name", "Staff")
    event_id = event_of(correct(operator, quarantine_id, corrected))
    with database.read() as connection:
        event = events.get(connection, event_id)
        assert event
        document = events.document_as_sent(connection, event)
    assert (event.score, event.group_name, document["note"]) == (0.5, "Staff", sent["note"])
    assert document["reg_pic"] == RIGHT["reg_pic"]
    assert document["ext_data"].keys() == RIGHT["ext_data"].keys()


def test_json_that_broke_is_mended_where_it_broke(operator: Person, post: Post, database: Database) -> None:
    quarantine_id = post(json.dumps(RIGHT).encode()[:-1])
    [(_, text)] = typed(operator.get(f"/refused/{quarantine_id}/edit").text)
    event_id = event_of(correct(operator, quarantine_id, [("", text + "}")]))
    with database.read() as connection:
        event = events.get(connection, event_id)
        assert event
        assert events.document_as_sent(connection, event) == RIGHT
        [warning] = warnings.warnings_of(connection, event_id)
    assert warning.detail.endswith('"" → "}"')


def test_what_is_still_wrong_says_so_and_keeps_what_was_typed(
    operator: Person, post: Post, database: Database
) -> None:
    quarantine_id = post(without("group_name", score="high"))
    [(_, text)] = typed(operator.get(f"/refused/{quarantine_id}/edit").text)
    wrong = text.replace('"high"', '"higher"')
    reply = correct(operator, quarantine_id, [("", wrong)])
    assert reply.status_code == 422
    assert typed(reply.text) == [("", wrong.replace("\n", "\r\n"))]
    assert '"score": "higher", must be a number' in [line.strip() for line in shown(reply.text)]
    reply = correct(operator, quarantine_id, [("", wrong + "}")])
    assert "Reading stopped here" in reply.text
    with database.read() as connection:
        assert quarantine.get(connection, quarantine_id)
        assert counts(connection).events == 0


def test_a_picture_that_is_taken_out_is_gone_and_one_that_is_moved_stays(
    operator: Person, post: Post, database: Database
) -> None:
    quarantine_id = post(without("group_name", note="{picture 1}"))  # which the box itself has sent
    [(_, text)] = typed(operator.get(f"/refused/{quarantine_id}/edit").text)
    document = json.loads(text)
    token = document.pop("reg_pic")
    document |= {"group_name": "Staff", "moved": token}
    event_id = event_of(correct(operator, quarantine_id, [("", json.dumps(document))]))
    with database.read() as connection:
        event = events.get(connection, event_id)
        assert event
        stored = events.document_as_sent(connection, event)
    assert (stored["moved"], stored["note"], "reg_pic" in stored) == (RIGHT["reg_pic"], "{picture 1}", False)


def test_a_corrected_body_may_be_as_long_as_one_that_a_box_sends(operator: Person, post: Post) -> None:
    quarantine_id = post(without("group_name"))
    corrected = json.dumps(RIGHT | {"note": "long " * 200_000})
    event_of(correct(operator, quarantine_id, [("", corrected)]))
    too_long = json.dumps(RIGHT | {"note": "x" * 17 * 2**20})
    assert correct(operator, post(without("group_name")), [("", too_long)]).status_code == 413
    fields = {"reason": "x" * 10**6}
    assert operator.send(f"/refused/{post(without('group_name'))}/discard", **fields).status_code == 413


def test_a_body_from_a_mistyped_path_is_admitted_once_somebody_says_what_it_holds(
    operator: Person, post: Post, database: Database
) -> None:
    quarantine_id = post(RIGHT, "/HistoryEvnt")
    page = operator.get(f"/refused/{quarantine_id}").text
    assert "nothing is wrong with it" in page
    assert operator.send(f"/refused/{quarantine_id}/admit").status_code == 422
    event_of(operator.send(f"/refused/{quarantine_id}/admit", holds="history"))
    report_id = post(payload("status-v2r4"), "/DeviceStats")
    assert operator.send(f"/refused/{report_id}/admit", holds="status").status_code == 303
    with database.read() as connection:
        assert len(devices.boxes(connection)) == counts(connection).events == 1
    assert latest_audit(database)[2] == f"{report_id} as ZKZ0001"


def test_half_a_body_is_admitted_only_corrected(operator: Person, database: Database) -> None:
    body = json.dumps(RIGHT).encode()
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT)
    with database.write() as connection:
        refusal = Refusal(arrival, "POST", "", 400, "broken-off", [], body)
        [quarantine_id] = quarantine.keep(connection, [refusal])
    assert operator.send(f"/refused/{quarantine_id}/admit").status_code == 422
    [(_, text)] = typed(operator.get(f"/refused/{quarantine_id}/edit").text)
    assert correct(operator, quarantine_id, [("", text)]).status_code == 422
    event_of(correct(operator, quarantine_id, [("", text.replace("}", " }", 1) + " ")]))


def test_all_of_a_kind_are_admitted_and_others_stay(operator: Person, post: Post, database: Database) -> None:
    kept = [post(RIGHT | {"timestamp": number}, "/HistoryEvnt") for number in range(3)]
    kept += [post({"identity_id": number}, "/HistoryEvnt") for number in range(2)]
    other = post(without("group_name"))
    page = operator.get("/refused").text
    assert f"5 {TIMES} 404" in page
    assert f"1 {TIMES} 422" in page
    [fault] = re.findall(rf'fault=(\w+)">5 {TIMES}', page)
    reply = operator.send("/refused/admit", fault=fault, holds="history")
    assert reply.status_code == 303
    page = operator.get(reply.location).text
    assert "3 refused bodies were admitted." in page
    assert "2 were read anew and are still refused." in page
    with database.read() as connection:
        assert counts(connection).events == 3
        assert {body.id for body in quarantine.listed(connection, 10)} == {*kept[3:], other}


def test_what_takes_too_long_goes_on_where_it_stopped(
    operator: Person, post: Post, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admit_all, "SECONDS", -1)
    for number in range(3):
        post({"identity_id": number} if number == 1 else RIGHT | {"timestamp": number}, "/HistoryEvnt")
    [fault] = re.findall(rf'fault=(\w+)">3 {TIMES}', operator.get("/refused").text)
    after: dict[str, str] = {}
    for rest in (True, True, False):
        reply = operator.send("/refused/admit", fault=fault, holds="history", **after)
        found = re.search(r'name="after" value="([^"]+)"', operator.get(reply.location).text)
        assert (found is not None) is rest
        after = {"after": found[1]} if found else {}
    with database.read() as connection:
        assert (counts(connection).events, counts(connection).quarantine) == (2, 1)


def test_a_body_is_discarded_with_a_reason(operator: Person, post: Post, database: Database) -> None:
    quarantine_id = post(b"<event/>")
    assert operator.send(f"/refused/{quarantine_id}/discard", reason=" ").status_code == 422
    reply = operator.send(f"/refused/{quarantine_id}/discard", reason="a port scan")
    assert "1 refused body was discarded." in operator.get(reply.location).text
    assert latest_audit(database)[:2] == ("otto", "refused_seen")
    with database.read() as connection:
        assert quarantine.get(connection, quarantine_id) is None
        entries = [(entry.action, entry.subject) for entry in audit.latest(connection, 2)]
    assert entries[1] == ("refused_discarded", f"{quarantine_id} a port scan")
    assert operator.send(f"/refused/{quarantine_id}/discard", reason="again").status_code == 404


def test_all_of_a_kind_are_discarded_with_a_reason_and_others_stay(
    operator: Person, post: Post, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [post({"identity_id": number}, "/HistoryEvnt") for number in range(5)]
    other = post(without("group_name"))
    [fault] = re.findall(rf'fault=(\w+)">5 {TIMES}', operator.get("/refused").text)
    assert 'action="/refused/discard"' in operator.get(f"/refused?fault={fault}").text
    for fields in ({"reason": " ", "sure": "1"}, {"reason": "a scan"}):
        assert operator.send("/refused/discard", fault=fault, **fields).status_code == 400
    monkeypatch.setattr(discard_all, "SLICE", 2)
    monkeypatch.setattr(discard_all, "SECONDS", -1)
    reply = operator.send("/refused/discard", fault=fault, reason="a scan", sure="1")
    assert f"fault={fault}" in reply.location
    assert "2 refused bodies were discarded." in operator.get(reply.location).text
    monkeypatch.setattr(discard_all, "SECONDS", 60)
    reply = operator.send("/refused/discard", fault=fault, reason="a scan", sure="1")
    assert "3 refused bodies were discarded." in operator.get(reply.location).text
    with database.read() as connection:
        assert [body.id for body in quarantine.listed(connection, 10)] == [other]
        entries = {
            entry.subject for entry in audit.latest(connection, 20) if entry.action == "refused_discarded"
        }
    assert entries == {f"{quarantine_id} a scan" for quarantine_id in kept}


def test_a_reason_that_cannot_be_kept_is_none(operator: Person, post: Post) -> None:
    quarantine_id = post(b"<event/>")
    assert operator.send(f"/refused/{quarantine_id}/discard", reason="a\x00b").status_code == 422


def test_what_is_gone_meanwhile_is_not_admitted_twice(
    operator: Person, post: Post, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine_id = post(RIGHT, "/HistoryEvnt")
    monkeypatch.setattr(quarantine, "remove", lambda *_: 0)
    assert operator.send(f"/refused/{quarantine_id}/admit", holds="history").status_code == 422
    with database.read() as connection:
        assert counts(connection).events == 0


def test_a_viewer_looks_but_changes_nothing(viewer: Person, post: Post, database: Database) -> None:
    quarantine_id = post(without("group_name"))
    page = viewer.get(f"/refused/{quarantine_id}").text
    for action in ("admit", "edit", "discard"):
        assert f"/{action}" not in page
        assert viewer.send(f"/refused/{quarantine_id}/{action}", reason="x").status_code == 403
    assert viewer.send("/refused/admit", fault="x").status_code == 403
    assert viewer.send("/refused/discard", fault="x", reason="x", sure="1").status_code == 403
    with database.read() as connection:
        assert quarantine.get(connection, quarantine_id)


def test_the_audit_log_tells_who_looked_into_a_body(operator: Person, post: Post, database: Database) -> None:
    quarantine_id = post(without("group_name"))
    for path, action, more in (
        ("", "refused_body_seen", ""),
        ("/edit", "refused_body_seen", " to correct it"),
        ("/body", "refused_body_downloaded", ""),
    ):
        operator.get(f"/refused/{quarantine_id}{path}")
        assert latest_audit(database) == ("otto", action, f"{quarantine_id}{more}")


def keep(database: Database, number: int, status: int = 400) -> UUID:
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT + timedelta(seconds=number // 3))
    problems = [{"pointer": "", "detail": f"broke off after {number} bytes"}]
    refusal = Refusal(arrival, "POST", "", status, "unreadable", problems, b"%d" % number)
    with database.write() as connection:
        [quarantine_id] = quarantine.keep(connection, [refusal])
    return quarantine_id


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
@pytest.mark.parametrize("looked_at", [2, 4, 100])
def test_pages_show_each_match_once_however_few_match(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(quarantine_search, "MOST_LOOKED_AT", looked_at)
    kept = [keep(database, number, 400 if number % 4 else 415) for number in range(13)]
    for search, wanted in ((RefusedSearch(), kept), (RefusedSearch(status=415), kept[::4])):
        found: list[Quarantined] = []
        before: Cursor | None = None
        with database.read() as connection:
            while True:
                page = quarantine_search.find(connection, search, limit, before)
                found += page.bodies
                if page.before is None:
                    break
                before = Cursor.read(str(page.before))
        assert sorted(body.id for body in found) == sorted(wanted)
        assert found == sorted(found, key=lambda body: (body.last_received_at, body.id), reverse=True)


def test_bodies_with_the_same_fault_are_one_kind(database: Database) -> None:
    for number in range(5):
        keep(database, number)
    with database.read() as connection:
        [count] = quarantine_search.fault_counts(connection)
        ids, _ = quarantine_search.ids_to_go(connection, RefusedSearch(fault=count.kind.key))
    assert (count.bodies, len(ids), count.kind.reasons) == (5, 5, "broke off after … bytes")


@pytest.mark.parametrize(
    "query", ["status=x", "before=1", "before=20261301T000000.0_x", "fault=%00", "after=x"]
)
def test_an_address_that_cannot_be_read_shows_the_list(viewer: Person, query: str) -> None:
    assert viewer.get(f"/refused?{query}").status_code == 200


def test_the_overview_leads_to_refused_bodies(viewer: Person, post: Post) -> None:
    post(b"<event/>")
    assert '<a href="/refused">Look why, and admit or discard them.</a>' in viewer.get("/").text

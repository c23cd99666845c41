"""What a program may do to deliveries and refused bodies, and what it is told where it may not."""

import json
from typing import Any
from uuid import UUID

import pytest
from werkzeug.exceptions import HTTPException

from app.api.problems import problem_details, refuse_body
from app.domain.events import Arrival
from app.domain.refusals import Refusal
from app.errors import Problem
from app.store import audit, events, quarantine
from app.store.database import Database
from tests.api.test_reading import record, refuse
from tests.support.api_client import ApiClient
from tests.support.new_events import RECEIVED_AT, new_event
from tests.support.payloads import payload

NO_ID = "01a20000-0000-7000-8000-000000000000"


def keep(database: Database, body: bytes, route: str = "/HistoryEvent", code: str = "invalid-event") -> UUID:
    refusal = Refusal(Arrival(route, "192.0.2.7", RECEIVED_AT), "POST", "", 422, code, [], body)
    with database.write() as connection:
        return quarantine.keep(connection, [refusal])[0]


def latest(database: Database) -> tuple[str, str, str]:
    with database.read() as connection:
        entry = audit.latest(connection, 1)[0]
    return entry.user_name, entry.action, entry.subject


def test_a_delivery_is_dropped_and_sent_again(api: ApiClient, database: Database) -> None:
    record(database, new_event(1))
    dropped = api.ask("POST", "/outbox/1/drop", json={"reason": " a test "})
    assert (dropped.status_code, dropped.get_json()["state"]) == (200, "dropped")
    assert dropped.get_json()["reason"] == "a test"
    assert latest(database) == ("token a program", "delivery_dropped", "1 a test")
    assert api.ask("POST", "/outbox/1/drop", json={"reason": "again"}).status_code == 409
    assert latest(database)[1] == "delivery_dropped"
    again = api.ask("POST", "/outbox/1/retry")
    assert (again.status_code, again.get_json()["state"], again.get_json()["reason"]) == (
        200,
        "pending",
        None,
    )
    assert latest(database) == ("token a program", "delivery_retried", "1")


def test_what_enos_has_is_not_sent_again(api: ApiClient, database: Database) -> None:
    record(database, new_event(1))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'delivered'")
    reply = api.ask("POST", "/outbox/1/retry")
    assert (reply.status_code, reply.get_json()["detail"]) == (409, "It is delivered: nothing was changed.")


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"json": {}}, 422, "reason"),
        ({"json": {"reason": " \n"}}, 422, "reason"),
        ({"json": {"reason": "a\x00"}}, 422, "reason"),
        ({"json": {"reason": 7}}, 422, "reason"),
        ({"json": {"reason": "a", "raeson": "b"}}, 422, "raeson"),
        ({"json": None}, 422, "reason"),
        ({"json": [1]}, 422, ""),
        ({"data": b"{", "content_type": "application/json"}, 400, None),
        ({"data": b'{"reason": NaN}', "content_type": "application/json"}, 400, None),
        ({"data": b'{"reason": "\\ud800"}', "content_type": "application/json"}, 400, None),
        ({"data": b"[" * 60_000, "content_type": "application/json"}, 400, None),
        ({"data": b"reason=a", "content_type": "application/x-www-form-urlencoded"}, 415, None),
        ({"data": b" " * 70_000, "content_type": "application/json"}, 413, None),
    ],
)
def test_a_wrong_body_is_named(
    api: ApiClient, database: Database, sent: dict[str, Any], status: int, field: str | None
) -> None:
    record(database, new_event(1))
    reply = api.ask("POST", "/outbox/1/drop", **sent)
    assert (reply.status_code, reply.content_type) == (status, "application/problem+json"), reply.text
    problem = reply.get_json()
    assert problem["status"] == status
    if field is not None:
        assert [(one["in"], one["field"]) for one in problem["errors"]] == [("json", field)]
    assert api.get("/outbox/1")["state"] == "pending"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1_0", "limit"),
        ("limit=+5", "limit"),
        ("since=yesterday", "since"),
        ("since=2026-11-26T08:00:00", "since"),
        ("until=2026-13-26T08:00:00Z", "until"),
        ("least_score=nan", "least_score"),
        ("least_score=1e999", "least_score"),
        ("person_type=2147483648", "person_type"),
        ("has_warnings=yes", "has_warnings"),
        ("kind=other", "kind"),
        ("state=lost", "state"),
        ("text=%00", "text"),
        ("cursor=xyz", "cursor"),
        ("txet=a", "txet"),
    ],
)
def test_a_wrong_filter_is_named(api: ApiClient, query: str, field: str) -> None:
    reply = api.ask("GET", f"/events?{query}")
    assert (reply.status_code, reply.content_type) == (422, "application/problem+json")
    problem = reply.get_json()
    assert [(one["in"], one["field"]) for one in problem["errors"]] == [("query", field)]
    assert problem["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", f"/events/{NO_ID}", 404),
        ("GET", f"/events/{NO_ID}/document", 404),
        ("GET", "/events/7", 404),
        ("GET", f"/pictures/{'00' * 32}", 404),
        ("GET", "/pictures/xyz", 404),
        ("GET", "/outbox/1", 404),
        ("GET", "/outbox/99999999999999999999", 404),
        ("POST", "/outbox/1/retry", 404),
        ("GET", f"/quarantine/{NO_ID}", 404),
        ("GET", f"/quarantine/{NO_ID}/body", 404),
        ("POST", f"/quarantine/{NO_ID}/admit", 404),
        ("DELETE", f"/quarantine/{NO_ID}", 404),
        ("GET", "/devices/none", 404),
        ("GET", "/devices/%00", 404),
        ("GET", "/docs/swagger-ui/none.js", 302),
        ("PUT", "/events", 405),
        ("DELETE", f"/events/{NO_ID}", 405),
    ],
)
def test_every_error_is_problem_details(api: ApiClient, method: str, path: str, status: int) -> None:
    reply = api.ask(method, path)
    assert reply.status_code == status
    if status != 302:
        assert reply.content_type == "application/problem+json"
        assert reply.get_json()["status"] == status
        assert reply.get_json()["detail"]
    assert ("Allow" in reply.headers) == (status == 405)


def test_a_fault_of_ours_and_a_database_that_is_away_are_problem_details_too(
    api: ApiClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("app.api.stats.quick_counts", lambda _connection: 1 / 0)
        reply = api.ask("GET", "/stats")
    assert (reply.status_code, reply.content_type) == (500, "application/problem+json")
    assert "division" not in reply.text
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE forwarders")
    reply = api.ask("GET", "/stats")
    assert (reply.status_code, reply.content_type) == (503, "application/problem+json")
    assert reply.headers["Retry-After"] == "5"


def test_a_body_that_is_taken_now_becomes_an_event(api: ApiClient, database: Database) -> None:
    kept = keep(database, json.dumps(payload("history-contract")).encode())
    reply = api.ask("POST", f"/quarantine/{kept}/admit")
    [event] = reply.get_json()["events"]
    assert (reply.status_code, event["duplicate"], reply.get_json()["boxes"]) == (200, False, [])
    assert api.get(f"/events/{event['id']}")["kind"] == "history"
    assert api.ask("GET", f"/quarantine/{kept}").status_code == 404
    with database.read() as connection:
        assert [entry.action for entry in audit.latest(connection, 2)] == ["event_seen", "refused_admitted"]


def test_a_body_that_is_still_wrong_stays_with_its_reasons(api: ApiClient, database: Database) -> None:
    kept = keep(database, json.dumps(payload("history-contract") | {"score": "much"}).encode())
    reply = api.ask("POST", f"/quarantine/{kept}/admit")
    assert (reply.status_code, reply.content_type) == (409, "application/problem+json")
    assert [(one["in"], one["field"]) for one in reply.get_json()["errors"]] == [("body", "score")]
    api.get(f"/quarantine/{kept}")
    with database.read() as connection:
        assert not audit.latest(connection, 1)
    corrected = json.dumps(payload("history-contract")) + " " * 100_000  # longer than any form may be
    reply = api.ask("POST", f"/quarantine/{kept}/admit", json={"body": corrected})
    assert (reply.status_code, len(reply.get_json()["events"])) == (200, 1)


def test_all_that_is_wrong_with_one_field_is_told() -> None:
    with pytest.raises(HTTPException) as ended:
        refuse_body((Problem("/score", "is odd"), Problem("/score", "is late"), Problem("", "It is long")))
    errors = json.loads(problem_details(ended.value).get_data())["errors"]
    assert [(one["field"], one["detail"]) for one in errors] == [
        ("score", "is odd"),
        ("score", "is late"),
        ("", "It is long"),
    ]


def test_what_a_body_holds_may_have_to_be_said(api: ApiClient, database: Database) -> None:
    kept = keep(database, json.dumps(payload("status-v2r4")).encode(), route="/DeviceStats")
    reply = api.ask("POST", f"/quarantine/{kept}/admit")
    assert reply.status_code == 409
    assert reply.get_json()["detail"].endswith("say what it holds with kind")
    assert api.ask("POST", f"/quarantine/{kept}/admit", json={"kind": "box"}).status_code == 422
    reply = api.ask("POST", f"/quarantine/{kept}/admit", json={"kind": "status"})
    [key] = reply.get_json()["boxes"]
    assert api.get(f"/devices/{key}")["online"] is False  # it reported long ago


def test_a_body_is_discarded_for_good(api: ApiClient, database: Database) -> None:
    kept = refuse(database, 1)
    reply = api.ask("DELETE", f"/quarantine/{kept}")
    assert (reply.status_code, reply.data) == (204, b"")
    assert latest(database) == ("token a program", "refused_discarded", str(kept))
    assert api.ask("DELETE", f"/quarantine/{kept}").status_code == 404


def test_where_no_audit_entry_can_be_written_nothing_is_done(
    api: ApiClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(database, new_event(1))
    kept = keep(database, json.dumps(payload("history-contract") | {"identity_id": "8"}).encode())
    monkeypatch.setattr(audit, "note", lambda *_: 1 / 0)
    for method, path in (
        ("POST", "/outbox/1/retry"),
        ("POST", f"/quarantine/{kept}/admit"),
        ("DELETE", f"/quarantine/{kept}"),
    ):
        assert api.ask(method, path).status_code in (409, 500)  # a body that fails here stays, and says so
    with database.read() as connection:
        assert quarantine.get(connection, kept)
        assert len(events.latest(connection, 9)) == 1

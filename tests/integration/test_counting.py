"""What is counted for Prometheus where something goes wrong, and what no label ever holds."""

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from prometheus_client import REGISTRY, generate_latest

from app.enos.messages import Reply
from app.forwarder import flights
from app.receiver.counting import Counting
from app.store import devices, events
from app.store.batches import Batches, Job, Outcome
from app.store.database import Database
from app.telemetry.logs import configure_logging
from tests.integration.conftest import BoxClient
from tests.support.fake_exchange import FakeExchange
from tests.support.new_events import BOUNDS, new_event
from tests.support.new_reports import new_report
from tests.support.payloads import payload
from tests.support.relays import all_settled, relay_for, step_until


@pytest.fixture
def grew() -> Callable[..., float]:
    """By how much a figure has grown since the test began; others of this process may have counted too."""
    before = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }

    def since(name: str, **labels: str) -> float:
        now = REGISTRY.get_sample_value(name, labels) or 0.0
        return now - before.get((name, *sorted(labels.items())), 0.0)

    return since


def received(grew: Callable[..., float], route: str, outcome: str, box: str = "other") -> float:
    return grew("se3_events_received_total", route=route, outcome=outcome, box=box)


def post(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in numbers])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_database_that_is_away_does_not_take_has_failed(
    box: BoxClient, database: Database, grew: Callable[..., float]
) -> None:
    assert box.post("/HistoryEvent", json=payload("history-contract")).status_code == 200
    file: Any = database.sqlite_file
    elsewhere = file.rename(file.with_suffix(".away"))
    assert box.post("/HistoryEvent", json=payload("history-v2r4")).status_code == 503
    assert box.post("/HistoryEvent", data=b"{").status_code == 503
    elsewhere.rename(file)
    assert received(grew, "history", "stored") == 1
    assert received(grew, "history", "failed") == 2
    assert received(grew, "history", "refused") == 0


def test_no_label_holds_what_a_stranger_sends(box: BoxClient) -> None:
    document = payload("history-contract") | {"identity_name": "secret-name"}
    document["ext_data"] = document["ext_data"] | {"dev_sno": "secret-box"}
    assert box.post("/HistoryEvent", json=document).status_code == 200
    assert box.post("/secret-path", json=document).status_code == 404
    assert b"secret" not in generate_latest(REGISTRY)


def test_a_box_is_known_once_it_has_sent_a_report(
    box: BoxClient, grew: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.receiver.counting._KNOWN_SECONDS", 0.0)
    event, report = payload("history-contract"), payload("status-v2r4") | {"dev_sno": "AKOPKKKKK"}
    box.post("/HistoryEvent", json=event)
    box.post("/DeviceStatus", json=report)
    box.post("/HistoryEvent", json=event)
    assert received(grew, "history", "stored") == 1
    assert received(grew, "status", "stored", "AKOPKKKKK") == 1
    assert received(grew, "history", "duplicate", "AKOPKKKKK") == 1


def test_made_up_boxes_push_no_real_one_out_and_end_at_a_bound(
    database: Database, grew: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.receiver.counting._KNOWN_SECONDS", 0.0)
    monkeypatch.setattr("app.receiver.counting._MOST_BOXES", 2)
    counting = Counting(database)

    def report(seconds: float, key: str) -> None:
        reports = [new_report(seconds, dev_sno=key)]
        with database.write() as connection:
            devices.record(connection, reports)
        counting.reports(reports)

    for seconds, key in enumerate(["MM", "LL", "KK"]):
        report(seconds, key)
    report(5, "MM")
    assert [received(grew, "status", "stored", key) for key in ("MM", "LL", "KK")] == [2, 1, 0]
    with database.write() as connection:
        devices.forget(connection, "LL")
    report(6, "KK")
    assert received(grew, "status", "stored", "KK") == 0  # LL has a label for as long as the process runs


def test_boxes_that_cannot_be_read_keep_no_event_from_being_counted(
    database: Database, grew: Callable[..., float]
) -> None:
    with database.write() as connection:
        recorded = events.record(connection, [new_event()])
    gone = Database("sqlite:////nowhere/se3.db")
    Counting(gone).events("history", [new_event()], recorded)
    assert received(grew, "history", "stored") == 1


@pytest.mark.parametrize("name", ["EVENTS_RECEIVED", "REPLY_SECONDS"])
def test_what_cannot_be_counted_is_stored_and_acknowledged_and_told_once(
    box: BoxClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    configure_logging()
    monkeypatch.setattr("app.harmless._told", set())
    monkeypatch.setattr(f"app.telemetry.metrics.{name}.labels", Mock(side_effect=OSError("disk full")))
    posted = [box.post("/HistoryEvent", json=payload("history-contract")).status_code for _ in range(2)]
    assert posted == [200, 200]
    assert box.post("/DeviceStatus", json=payload("status-v2r4")).status_code == 200
    assert box.post("/HistoryEvent", data=b"{").status_code == 400
    log = capsys.readouterr().err
    counted = re.findall(r"counting_failed\s+counted='?([a-z ]+)", log)
    assert len(counted) == len(set(counted)) > 0


def test_commits_that_cannot_be_counted_keep_no_batch_from_being_written(database: Database) -> None:
    told: list[Outcome] = []
    batches = Batches(database, BOUNDS, Mock(side_effect=OSError("disk full")))
    for number in range(2):
        batches.write([Job([new_event(number)], told.append)])
    assert [len(outcome) for outcome in told if isinstance(outcome, list)] == [1, 1]


def test_replies_are_timed_by_codes_that_are_known(database: Database, grew: Callable[..., float]) -> None:
    exchange = FakeExchange(lambda _elements: 987654)
    relay = relay_for(database, exchange)
    post(database, 1)
    step_until(relay, lambda: exchange.messages)
    exchange.answer = lambda _elements: 200
    step_until(relay, all_settled(database))
    assert grew("se3_enos_reply_seconds_count", code="other") == 1
    assert grew("se3_enos_reply_seconds_count", code="200") == 1


def test_a_late_answer_is_a_silence_first_and_both_name_the_message(
    database: Database,
    grew: Callable[..., float],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure_logging()
    monkeypatch.setattr(flights, "REPLY_SECONDS", 0.05)
    exchange = FakeExchange(lambda _elements: None)
    relay = relay_for(database, exchange)
    post(database, 1)
    step_until(relay, lambda: grew("se3_enos_reply_seconds_count", code="none"))
    exchange._replies.append(Reply(exchange.messages[0][0], 200, ""))
    step_until(relay, all_settled(database))
    lines = [line for line in capsys.readouterr().err.splitlines() if exchange.messages[0][0] in line]
    names = ("message_posted", "delivery_failed", "message_delivered")
    assert [name for line in lines for name in names if name in line] == list(names)


def test_each_event_of_a_message_is_named_once_in_lines_that_are_not_long(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    relay = relay_for(database, FakeExchange(lambda _elements: 200))
    post(database, *range(131))
    step_until(relay, all_settled(database))
    with database.read() as connection:
        ids = {str(event.id) for event in events.latest(connection, 200)}
    named = [re.findall(r"'([-0-9a-f]{36})'", line) for line in capsys.readouterr().err.splitlines()]
    assert sorted(name for some in named for name in some) == sorted(ids)
    assert max(len(some) for some in named) == 50

"""/metrics: what was posted to a real receiver, over all its processes and the death of one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.config import ROOT, Settings
from app.console.access import programs
from app.console.application import create_console
from app.domain.users import Role
from app.store import api_tokens, devices
from app.store.database import Database
from app.store.queries import counts
from app.store.spool.spool import Spool
from app.telemetry import metrics_folder as metrics_folders
from app.telemetry import store_metrics
from app.telemetry.metrics import FOLDER
from app.telemetry.metrics_folder import metrics_folder
from tests.console.conftest import Person
from tests.support.api_client import ApiClient
from tests.support.metrics import Samples, read_metrics, total
from tests.support.new_events import new_event
from tests.support.new_reports import new_report
from tests.support.payloads import payload
from tests.support.postgresql import PostgreSQL
from tests.support.receivers import Receiver, event
from tests.support.waiting import wait_until

BOX = payload("history-contract")["ext_data"]["dev_sno"]
RECEIVED = "se3_events_received_total"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "metrics"
    found.mkdir()
    monkeypatch.setenv(FOLDER, str(found))
    return found


@pytest.fixture
def receiver(tmp_path: Path, folder: Path, database_url: str) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path, database_url, **{FOLDER: str(folder)})
    yield receiver
    receiver.program.stop()


@pytest.fixture
def scrape(
    tmp_path: Path, folder: Path, database_url: str, add_user: Callable[..., None]
) -> Iterator[Callable[[], Samples]]:
    """Asks for /metrics as a viewer."""
    assert os.environ[FOLDER] == str(folder)
    spool = tmp_path / "spool.db"  # the receiver's
    app = create_console(Settings(database_url=database_url, spool_path=spool, disk_floor_mb=0))
    add_user("prometheus")
    person = Person(app)
    person.log_in("prometheus")

    def ask() -> Samples:
        reply = person.get("/metrics")
        assert reply.status_code == 200
        assert reply.content_type.startswith("text/plain; version=")
        return read_metrics(reply.text)

    with closing(app.extensions["database"]):
        yield ask


def send(receiver: Receiver, path: str, document: Any) -> int:
    return receiver.http.request("POST", f"{receiver.url}{path}", json=document).status


def event_of(box: str) -> dict[str, Any]:
    document = event(99)
    return document | {"ext_data": document["ext_data"] | {"dev_sno": box}}


def report() -> dict[str, Any]:
    return payload("status-v2r4") | {"dev_sno": BOX}


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_it_tells_what_was_posted_though_a_worker_is_killed(
    receiver: Receiver, scrape: Callable[[], Samples], database_url: str
) -> None:
    assert send(receiver, "/DeviceStatus", report()) == 200
    for number in range(10):
        assert receiver.post(number) == (200, False)
    receiver.await_drained()  # an event in the spool is not known yet
    assert receiver.post(3) == (200, True)
    assert send(receiver, "/RealTimeEvent", event_of("nobody's")) == 200
    assert send(receiver, "/HistoryEvent", {}) == 422
    assert send(receiver, "/Mistyped", {}) == 404

    def agrees(samples: Samples, stored: int) -> None:
        assert total(samples, RECEIVED, route="history", outcome="stored") == stored
        # A worker's first event is nobody's where reading the boxes takes more than its tenth of a second.
        assert total(samples, RECEIVED, route="history", outcome="stored", box=BOX) >= stored - 3
        assert total(samples, RECEIVED, route="history", outcome="duplicate") == 1
        assert total(samples, RECEIVED, route="realtime", outcome="stored", box="other") == 1
        assert total(samples, RECEIVED, route="status", outcome="stored") == 1
        assert total(samples, RECEIVED, route="history", outcome="refused") == 1
        assert total(samples, RECEIVED, route="other", outcome="refused") == 1
        assert total(samples, "se3_reply_seconds_count", route="history") == stored + 2
        assert total(samples, "se3_reply_seconds_bucket", route="history", le="+Inf") == stored + 2
        waiting = total(samples, "se3_deliveries", state="pending") + total(samples, "se3_spool_events")
        assert waiting == stored + 1
        assert total(samples, "se3_commit_seconds_count") >= 1
        assert total(samples, "se3_requests_waiting") == 0

    agrees(scrape(), 10)
    workers = children_of(receiver.program.pid)
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: set(children_of(receiver.program.pid)) - set(workers))  # the one in its place
    wait_until(lambda: total(scrape(), "se3_processes", process="receiver") == 2)
    agrees(scrape(), 10)
    for number in range(10, 20):
        assert receiver.post(number) == (200, False)
    receiver.await_drained()
    agrees(scrape(), 20)
    with closing(Database(database_url)) as database, database.read() as connection:
        assert counts(connection).events == 21


def test_who_has_ended_runs_no_more_and_leaves_one_file(
    receiver: Receiver, scrape: Callable[[], Samples], folder: Path
) -> None:
    assert receiver.post(1) == (200, False)
    wait_until(lambda: total(scrape(), "se3_processes") == 3)  # two workers and the writer process
    receiver.program.stop()
    wait_until(lambda: total(scrape(), "se3_processes") == 0)
    assert total(scrape(), RECEIVED, route="history", outcome="stored") == 1
    assert {file.name for file in folder.glob("*.db")} == {"counter_past.db", "histogram_past.db"}


def test_the_overview_says_that_no_receiver_runs_once_the_last_has_ended(
    receiver: Receiver, folder: Path, database_url: str, database: Database, add_user: Callable[..., None]
) -> None:
    assert os.environ[FOLDER] == str(folder)
    app = create_console(Settings(database_url=database_url, disk_floor_mb=0))
    add_user("anna")
    person = Person(app)
    person.begin_session(database, "anna")
    with closing(app.extensions["database"]):
        assert receiver.post(1) == (200, False)
        assert "No receiver runs" not in person.get("/").text
        receiver.program.stop()
        wait_until(lambda: "No receiver runs" in person.get("/").text)


def test_made_up_boxes_push_no_real_one_out(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_metrics, "_MOST_BOXES", 1)
    with database.write() as connection:
        devices.record(connection, [new_report(0, dev_sno="REAL")])
        devices.record(connection, [new_report(1, dev_sno="A-MADE-UP-ONE")])
    samples = read_metrics(viewer.get("/metrics").text)
    assert [dict(labels)["box"] for name, labels in samples if name == "se3_box_online"] == ["REAL"]


def test_without_a_shared_folder_it_tells_what_the_store_knows(viewer: Person) -> None:
    assert "No receiver runs" not in viewer.get("/").text
    samples = read_metrics(viewer.get("/metrics").text)
    assert total(samples, "se3_ready") == 1
    assert total(samples, "se3_database_size_bytes") > 0
    assert 0 < total(samples, "se3_disk_free_bytes") <= total(samples, "se3_disk_size_bytes")
    assert total(samples, "se3_build_info") == 1
    assert not [name for name, _ in samples if name.startswith(("se3_reply", "se3_events_received"))]


def asked(console: Flask, token: str) -> TestResponse:
    return console.test_client().get("/metrics", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_postgresql_is_away_known_tokens_are_told_what_waits_in_the_spool(
    console: Flask,
    database: Database,
    tmp_path: Path,
    postgresql_server: PostgreSQL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with database.write() as connection:
        known, ends, unknown = (
            api_tokens.add(connection, name, Role.VIEWER, expires_at)
            for name, expires_at in (("known", None), ("ends", tomorrow), ("unknown", None))
        )
    other = ApiClient(console)
    there = read_metrics(asked(console, known).text)
    assert total(there, "se3_database_available") == 1
    assert asked(console, ends).status_code == 200
    postgresql_server.stop()
    with closing(Spool(tmp_path / "spool.db")) as spool:
        spool.put([[new_event(1)], [new_event(2)]])
    away = read_metrics(asked(console, known).text)
    assert total(away, "se3_database_available") == 0
    assert total(away, "se3_spool_events") == 2
    assert total(away, "se3_ready") == 1
    assert {name for name, _ in there} - {name for name, _ in away} > {"se3_events_stored"}
    assert asked(console, unknown).status_code == 503
    assert other.ask("GET", "/stats").status_code == 503
    monkeypatch.setattr(programs, "datetime", Mock(now=lambda zone: tomorrow.astimezone(zone)))
    assert asked(console, ends).status_code == 401
    assert asked(console, known).status_code == 200
    paused = time.monotonic() + 301
    monkeypatch.setattr(programs, "time", Mock(monotonic=lambda: paused))
    assert asked(console, known).status_code == 503
    postgresql_server.start()
    with database.write() as connection:
        assert api_tokens.revoke(connection, "known")
    assert asked(console, known).status_code == 401


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_spool_that_cant_be_read_hides_nothing_else(viewer: Person, tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"no database" * 1000)
    samples = read_metrics(viewer.get("/metrics").text)
    assert total(samples, "se3_spool_readable") == 0
    assert total(samples, "se3_database_available") == 1
    assert not [name for name, _ in samples if name == "se3_spool_events"]
    assert "The spool can&#39;t be read" in viewer.get("/").text


def test_a_stranger_is_told_nothing(stranger: Person) -> None:
    assert stranger.get("/metrics").status_code == 401


def test_a_folder_for_children_is_empty_and_does_not_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "counter_1.db").touch()
    with metrics_folder() as given:
        assert (given, list(folder.iterdir())) == ({FOLDER: str(folder)}, [])
    monkeypatch.delenv(FOLDER)
    with metrics_folder() as given:
        own = Path(given[FOLDER])
        assert own.is_dir()
    assert not own.exists()


def test_folders_of_processes_that_were_killed_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr(metrics_folders, "_IN_MEMORY", tmp_path)
    get_killed = (
        "import os, pathlib; from app.telemetry import metrics_folder as folders\n"
        f"folders._IN_MEMORY = pathlib.Path({str(tmp_path)!r})\n"
        "with folders.metrics_folder(): os.kill(os.getpid(), 9)"
    )
    killed = subprocess.Popen([sys.executable, "-c", get_killed], cwd=ROOT)
    assert killed.wait(60) == -signal.SIGKILL
    [left] = tmp_path.iterdir()
    others = {tmp_path / "others", tmp_path / f"se3-metrics-{os.getpid()}-other"}
    for folder in others:
        folder.mkdir()
    with monkeypatch.context() as patched:
        patched.setattr("os.geteuid", lambda: -1)  # it is another user's
        with metrics_folder():
            assert {left, *others} < set(tmp_path.iterdir())
    with metrics_folder():
        assert not left.exists()
    assert set(tmp_path.iterdir()) == others

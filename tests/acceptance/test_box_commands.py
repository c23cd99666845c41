"""se3 boxes shows which boxes are alive."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.store import devices
from app.store.database import Database
from tests.acceptance.test_commands import run_se3
from tests.support.new_reports import BEGIN, new_report
from tests.support.payloads import payload

CAMERA = {"ep_id": "ZKZ0001__192.168.1.101", "ep_status": "offline", "ep_url": "rtsp://a:se3cret@192.0.2.1/1"}
DEAD = {
    "dev_sno": "DEAD01",
    "gateway_name": "dead\x1b[2J",
    "sub_devices": [{"ep_id": "x", "ep_status": "online"}],
}


@pytest.fixture
def boxes(sqlite_url: str) -> str:
    """A database with a box that has just reported, and one that has not for long; its address."""
    now = (datetime.now(UTC) - BEGIN).total_seconds()
    reports = [
        new_report(now - 120),
        new_report(now - 60, sub_devices=[CAMERA]),
        new_report(now, sub_devices=[CAMERA | {"ep_status": "online"}]),
        new_report(0, **DEAD, gateway_ext_data={}),
    ]
    with closing(Database(sqlite_url)) as database, database.write() as connection:
        devices.record(connection, reports)
    return sqlite_url


def as_json(tmp_path: Path, boxes: str, *arguments: str) -> Any:
    code, output = run_se3(tmp_path, *arguments, "--json", DATABASE_URL=boxes)
    assert code == 0
    return json.loads(output)


def test_the_list_tells_the_living_from_the_dead(tmp_path: Path, boxes: str) -> None:
    code, output = run_se3(tmp_path, "boxes", "list", DATABASE_URL=boxes)
    assert code == 0
    heading, dead, living = output.splitlines()
    assert heading.split()[:3] == ["key", "name", "addresses"]
    for text in (
        "ZKZ0001",
        "box-93",
        "192.168.1.251",
        " online ",
        "V2R1C01",
        " 48 ",
        "9.41 GB of 10.39 GB",
        " 1/1",
    ):
        assert text in living
    assert " silent " in dead
    assert " 0/1" in dead
    assert "\x1b" not in output


def test_the_list_is_there_for_scripts(tmp_path: Path, boxes: str) -> None:
    dead, living = as_json(tmp_path, boxes, "boxes", "list")
    assert datetime.fromisoformat(living.pop("last_seen_at")).tzinfo
    assert living == {
        "key": "ZKZ0001",
        "name": "box-93",
        "addresses": "192.168.1.251",
        "online": True,
        "state": "online",
        "version": "V2R1C01",
        "temperature": 48,
        "disk_free_size": 9.41,
        "disk_size": 10.39,
        "cameras_online": 1,
        "cameras_total": 1,
    }
    assert (dead["online"], dead["cameras_online"], dead["cameras_total"]) == (False, 0, 1)
    assert as_json(tmp_path, boxes, "status")["boxes"] == 2


def test_one_box_is_shown_with_its_cameras_and_changes(tmp_path: Path, boxes: str) -> None:
    code, output = run_se3(tmp_path, "boxes", "show", "ZKZ0001", DATABASE_URL=boxes)
    assert code == 0
    for line in (
        "state         online",
        "version       build.date=2019年 08月 06日 VERSION: V2R1C01",
        "temperature   48 °C",
        "memory used   77% of 1.55 GB",
        "reports every 60 s",
    ):
        assert line in output.splitlines()
    assert "ZKZ0001__192.168.1.151" in output
    assert "absent" in output
    assert "se3cret" not in output
    assert "silent since " in run_se3(tmp_path, "boxes", "show", "DEAD01", DATABASE_URL=boxes)[1]


def test_the_last_report_is_printed_as_it_was_sent(tmp_path: Path, boxes: str) -> None:
    sent = payload("status-v2r4") | {"sub_devices": [CAMERA | {"ep_status": "online"}]}
    assert json.dumps(as_json(tmp_path, boxes, "boxes", "show", "ZKZ0001")) == json.dumps(sent)


def test_changes_are_listed_newest_first(tmp_path: Path, boxes: str) -> None:
    code, output = run_se3(tmp_path, "boxes", "changes", "ZKZ0001", "--limit", "2", DATABASE_URL=boxes)
    assert code == 0
    _, newest, _ = output.splitlines()
    assert newest.split()[-3:] == ["status", "offline", "online"]
    everything = run_se3(tmp_path, "boxes", "changes", "ZKZ0001", DATABASE_URL=boxes)[1]
    assert "rtsp://192.168.1.101:554  rtsp://192.0.2.1" in everything
    assert "se3cret" not in everything
    assert "DEAD01" in run_se3(tmp_path, "boxes", "changes", DATABASE_URL=boxes)[1]


@pytest.mark.parametrize("command", ["show", "changes"])
def test_a_box_that_is_not_there_is_an_error(tmp_path: Path, boxes: str, command: str) -> None:
    code, output = run_se3(tmp_path, "boxes", command, "nobody", DATABASE_URL=boxes)
    assert code == 1
    assert "there is no box nobody" in output

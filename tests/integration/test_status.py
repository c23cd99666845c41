"""Status reports become boxes and cameras with a history."""

import json
import threading
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.built_in_paths import STATUS_PATHS
from app.domain.devices import BoxStatus
from app.simulators.form_encodings import Encoded
from app.store import devices, quarantine
from app.store.database import Database
from app.store.queries import counts
from app.store.writer import Writer
from app.telemetry.logs import configure_logging
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.encodings import DIALECTS, ENCODINGS, as_json
from tests.support.new_events import BOUNDS, new_event
from tests.support.new_reports import at, new_report
from tests.support.payloads import payload
from tests.support.waiting import wait_until

KEY = "ZKZ0001"
GATE, DOOR = "ZKZ0001__192.168.1.101", "ZKZ0001__192.168.1.151"

FORMS = {**ENCODINGS, "bracketed": DIALECTS["bracketed"]}

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
REPORT_NAMES = st.text().filter(lambda name: name != "identity_id")  # that would make it an event
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def post(box: BoxClient, body: Encoded, path: str = "/DeviceStatus") -> Any:
    return box.post(path, data=body[0], headers=body[1])


def stored_box(database: Database, key: str = KEY) -> BoxStatus:
    with database.read() as connection:
        found = devices.box(connection, key)
    assert found is not None
    return found


def statuses(database: Database, key: str = KEY) -> dict[str, str | None]:
    with database.read() as connection:
        return {camera.key: camera.details.status for camera in devices.cameras(connection, key)}


def history(
    database: Database, key: str | None = KEY
) -> list[tuple[str | None, str, str | None, str | None]]:
    """Every change, oldest first: camera, field, before, after."""
    with database.read() as connection:
        found = devices.changes(connection, key, 1000)
    return [(change.camera_key, change.field, change.before, change.after) for change in reversed(found)]


@pytest.mark.parametrize("path", STATUS_PATHS)
def test_every_known_path_takes_reports(box: BoxClient, database: Database, path: str) -> None:
    reply = post(box, as_json(payload("status-v2r4")), path)
    assert reply.status_code == 200
    assert reply.json == {"status": 0, "message": "SUCCESS"}
    assert stored_box(database).document == payload("status-v2r4")


def test_more_paths_come_from_settings(box_for: BoxFor) -> None:
    box = box_for(status_paths=("/monitor",))
    assert post(box, as_json(payload("status-v2r4")), "/monitor").status_code == 200


@pytest.mark.parametrize("encode", FORMS.values(), ids=FORMS)
def test_each_encoding_says_the_same(
    box: BoxClient, database: Database, encode: Callable[[dict[str, Any]], Encoded]
) -> None:
    sent = payload("status-v5r5") | {"sub_devices": []}
    assert post(box, encode(sent)).status_code == 200
    found = stored_box(database, "ZKZ0064").details
    assert (found.name, found.addresses, found.port) == ("hall-west", "192.168.1.64 192.168.150.1", 80)
    assert (found.temperature, found.disk_size, found.disk_free_size) == (41, 30.5, 0.5)
    assert found.version == "V5R5C01_6a00001"


def test_boxes_and_cameras_become_rows(box: BoxClient, database: Database) -> None:
    for name in ("status-v2r4", "status-v5r5", "status-v6-system", "status-v6-devices"):
        assert post(box, as_json(payload(name))).status_code == 200
    with database.read() as connection:
        assert [found.key for found in devices.boxes(connection)] == ["NAAX0080", "ZKZ0001", "ZKZ0064"]
        assert len(devices.cameras(connection)) == 5
        assert counts(connection).boxes == 3
        camera = devices.cameras(connection, KEY)[0]
    sent = payload("status-v2r4")["sub_devices"][0]
    assert (camera.key, camera.details.location, camera.details.url) == (GATE, "大门", sent["ep_url"])
    assert camera.document == sent
    assert stored_box(database, "NAAX0080").details.port == 80


def test_the_last_report_counts_and_its_changes_are_kept(database: Database) -> None:
    writer = Writer(database, BOUNDS)
    writer.record_status([new_report(0)])
    writer.record_status([new_report(10, gateway_name="hall")])
    assert writer.record_status([new_report(20, gateway_name="hall", unknown={"x": [1]})]) == [[]]
    found = stored_box(database)
    assert (found.first_seen_at, found.last_seen_at, found.period_seconds) == (at(0), at(20), 10)
    assert found.details.name == "hall"
    assert found.document["unknown"] == {"x": [1]}
    assert history(database) == [
        (None, "status", None, "online"),
        (GATE, "status", None, "online"),
        (DOOR, "status", None, "offline"),
        (None, "name", "box-93", "hall"),
    ]


def test_a_box_back_from_silence_leaves_two_changes(database: Database) -> None:
    writer = Writer(database, BOUNDS)
    for seconds in (0, 10, 1000):
        writer.record_status([new_report(seconds)])
    with database.read() as connection:
        back, gone = devices.changes(connection, KEY, 2)
    assert (gone.at, gone.field, gone.before, gone.after) == (at(40), "status", "online", "offline")
    assert (back.at, back.field, back.before, back.after) == (at(1000), "status", "offline", "online")


def test_a_camera_that_is_no_longer_listed_is_absent_until_it_is_again(database: Database) -> None:
    writer = Writer(database, BOUNDS)
    gate, _ = payload("status-v2r4")["sub_devices"]
    writer.record_status([new_report(0)])
    writer.record_status([new_report(10, sub_devices=[gate])])
    assert statuses(database) == {GATE: "online", DOOR: "absent"}
    writer.record_status([new_report(20, sub_devices="unreadable")])
    assert statuses(database) == {GATE: "online", DOOR: "absent"}
    writer.record_status([new_report(30)])
    assert statuses(database) == {GATE: "online", DOOR: "offline"}
    assert history(database)[3:] == [
        (DOOR, "status", "offline", "absent"),
        (DOOR, "status", "absent", "offline"),
    ]
    with database.read() as connection:
        door = devices.cameras(connection, KEY)[1]
    assert (door.first_seen_at, door.last_seen_at) == (at(0), at(30))


def test_of_a_camera_that_a_report_names_twice_the_last_counts(database: Database) -> None:
    gate, door = payload("status-v2r4")["sub_devices"]
    twice = new_report(0, sub_devices=[gate, door], media_devices=[gate | {"ep_status": "offline"}])
    (changes,) = Writer(database, BOUNDS).record_status([twice])
    assert statuses(database) == {GATE: "offline", DOOR: "offline"}
    assert [change.camera_key for change in changes] == [None, GATE, DOOR]


def test_a_report_that_was_overtaken_changes_nothing(database: Database) -> None:
    writer = Writer(database, BOUNDS)
    writer.record_status([new_report(10, gateway_name="new")])
    assert writer.record_status([new_report(9, gateway_name="old", sub_devices=[])]) == [[]]
    assert stored_box(database).details.name == "new"
    assert statuses(database) == {GATE: "online", DOOR: "offline"}


def test_reports_of_one_request_are_taken_in_the_order_of_their_coming(database: Database) -> None:
    later, earlier = new_report(10, gateway_name="new"), new_report(0, gateway_name="old")
    first, second = Writer(database, BOUNDS).record_status([later, earlier])
    assert [(change.field, change.before, change.after) for change in first] == [("name", "old", "new")]
    assert len(second) == 3


def test_reports_share_transactions_with_events(database: Database) -> None:
    writer = Writer(database, BOUNDS)
    outcomes: list[Any] = []
    with database.write():  # so that all of them wait for one transaction
        threads = [
            threading.Thread(target=lambda n=n: outcomes.append(writer.record([new_event(n)])))
            for n in range(5)
        ]
        threads.append(threading.Thread(target=lambda: outcomes.append(writer.record_status([new_report()]))))
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(outcome[0]).__name__ for outcome in outcomes) == ["Recorded"] * 5 + ["list"]
    assert stored_box(database).key == KEY


def test_processes_that_report_of_the_same_boxes_agree(database: Database) -> None:
    numbers = range(8)
    writers = [Writer(database, BOUNDS) for _ in range(4)]

    def reports(first: int) -> list[Any]:  # so close together that none of the boxes counts as silent
        keys = sorted(numbers, reverse=first % 2 == 0)
        return [new_report(first / 100, dev_sno=f"box-{key}", gateway_name=f"name {first}") for key in keys]

    def record(index: int) -> None:
        for seconds in range(index, 40, 4):
            writers[index].record_status(reports(seconds))

    threads = [threading.Thread(target=record, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        found = devices.boxes(connection)
        assert len(devices.cameras(connection)) == 16
    assert [box.details.name for box in found] == ["name 39"] * 8
    for box in found:
        assert box.last_seen_at == at(0.39)
        changes = history(database, box.key)
        assert [change[2:] for change in changes if change[:2] == (None, "status")] == [(None, "online")]
        names = [change for change in changes if change[1] == "name"]
        assert [after for *_, after in names[:-1]] == [before for _, _, before, _ in names[1:]]


def test_a_first_report_waits_for_another_process_that_was_first(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database:
        writer, changes = Writer(database, BOUNDS), []
        thread = threading.Thread(target=lambda: changes.extend(writer.record_status([new_report(10)])))
        with database.write() as connection:
            devices.record(connection, [new_report(0)])
            thread.start()
            wait_until(lambda: connection.scalar(text("SELECT 1 FROM pg_locks WHERE NOT granted")))
        thread.join()
        assert changes == [[]]
        assert stored_box(database).period_seconds == 10


def test_two_processes_lock_boxes_in_the_same_order(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database:
        writer, (a, b), changes = Writer(database, BOUNDS), ("A", "B"), []
        reports = [new_report(10, dev_sno=b), new_report(10, dev_sno=a)]
        thread = threading.Thread(target=lambda: changes.extend(writer.record_status(reports)))
        with database.write() as connection:
            devices.record(connection, [new_report(0, dev_sno=a)])
            thread.start()
            wait_until(lambda: connection.scalar(text("SELECT 1 FROM pg_locks WHERE NOT granted")))
            devices.record(connection, [new_report(0, dev_sno=b)])  # else each waits for the other
        thread.join()
        assert changes == [[], []]


def test_a_report_without_a_box_is_refused_and_kept(box: BoxClient, database: Database) -> None:
    reply = post(box, (b'{"gateway_name": "nobody", "dev_sno": 5}', {}))
    assert reply.status_code == 422
    assert reply.json["type"] == "urn:se3:problem:invalid-report"
    assert [error["pointer"] for error in reply.json["errors"]] == ["#/dev_sno", "#"]
    with database.read() as connection:
        kept = quarantine.get(connection, UUID(reply.json["quarantine"]))
        assert counts(connection).boxes == 0
    assert kept is not None
    assert kept[1] == b'{"gateway_name": "nobody", "dev_sno": 5}'


@pytest.mark.parametrize(
    "name", ["history-flat-v5r7", "history-v6", "history-contract", "realtime-v2r4", "history-v2r4"]
)
def test_an_event_on_a_status_path_is_refused_and_kept(box: BoxClient, database: Database, name: str) -> None:
    reply = box.post("/DeviceStatus", json=payload(name))
    assert reply.status_code == 422
    assert "/HistoryEvent" in reply.json["detail"]
    with database.read() as connection:
        assert (counts(connection).boxes, counts(connection).quarantine) == (0, 1)


def test_a_forgotten_box_is_gone_until_it_reports_again(box: BoxClient, database: Database) -> None:
    box.post("/DeviceStatus", json=payload("status-v2r4"))
    box.post("/DeviceStatus", json=payload("status-v6-devices"))
    with database.write() as connection:
        assert devices.forget(connection, KEY)
        assert not devices.forget(connection, KEY)
        assert [known.key for known in devices.boxes(connection)] != [KEY]
        assert devices.cameras(connection, KEY) == []
        assert devices.changes(connection, KEY, 10) == []
    box.post("/DeviceStatus", json=payload("status-v2r4"))
    assert stored_box(database).key == KEY


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"5", 415), (b"", 400), (b"[5]", 400)])
def test_what_is_no_object_is_refused(box: BoxClient, body: bytes, status: int) -> None:
    assert post(box, (body, {"Content-Type": "text/plain"})).status_code == status


def test_an_array_of_reports_is_taken_whole_or_not_at_all(box: BoxClient, database: Database) -> None:
    both = [payload("status-v6-system"), payload("status-v6-devices")]
    assert box.post("/DeviceStatus", json=[*both, {}]).status_code == 422
    with database.read() as connection:
        assert counts(connection).boxes == 0
    assert box.post("/DeviceStatus", json=both).status_code == 200
    assert len(statuses(database, "NAAX0080")) == 2


def test_without_its_tables_no_report_is_acknowledged(box_for: BoxFor, database: Database) -> None:
    box = box_for(spool_path=Path("/dev/null/spool.db"))
    with database.write() as connection:
        connection.execute(text("DROP TABLE device_changes"))
    assert post(box, as_json(payload("status-v2r4"))).status_code == 503
    with database.read() as connection:
        assert counts(connection).boxes == 0


def test_a_report_that_is_too_large_is_refused(box_for: BoxFor) -> None:
    reply = box_for(max_body_mb=1).post("/DeviceStatus", data=b'{"x": "' + b"y" * 2_000_000 + b'"}')
    assert reply.status_code == 413


def test_a_file_in_a_report_is_kept_as_base64(box: BoxClient, database: Database) -> None:
    assert (
        box.post("/DeviceStatus", data={"dev_sno": KEY, "x": (BytesIO(b"\xff\xfe"), "x")}).status_code == 200
    )
    assert stored_box(database).document == {"dev_sno": KEY, "x": "//4="}


def test_the_longest_names_fit_into_the_indexes(box: BoxClient, database: Database) -> None:
    key, camera = "箱" * 200, "\U0001f4f7" * 400
    sent = {"dev_sno": key, "sub_devices": [{"ep_id": camera, "ep_name": "a\u0000b"}]}
    assert post(box, as_json(sent)).status_code == 200
    assert list(statuses(database, key)) == [camera]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=st.dictionaries(REPORT_NAMES, JSON), port=JSON, ext_data=JSON, cameras=JSON)
def test_any_last_report_reads_back_equal(
    box: BoxClient,
    database: Database,
    document: dict[str, Any],
    port: object,
    ext_data: object,
    cameras: object,
) -> None:
    sent = document | {"dev_sno": KEY, "gateway_port": port, "gateway_ext_data": ext_data}
    sent["sub_devices"] = [cameras, {"ep_id": "A__1", "x": cameras}]
    assert post(box, as_json(sent)).status_code == 200
    assert json.dumps(stored_box(database).document) == json.dumps(sent)
    with database.read() as connection:
        camera = next(found for found in devices.cameras(connection, KEY) if found.key == "A__1")
    assert json.dumps(camera.document) == json.dumps(sent["sub_devices"][1])


def test_what_changed_is_logged_without_passwords(box: BoxClient, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    post(box, as_json(payload("status-v5r5")))
    post(box, as_json(payload("status-v5r5") | {"gateway_name": "hall-east", "sub_devices": []}))
    cameras = [{"ep_id": "x__rtsp://admin:se3cret@192.0.2.1/1", "ep_url": "rtsp://a:se3cret@192.0.2.1/1"}]
    post(box, as_json(payload("status-v5r5") | {"sub_devices": cameras}))
    cameras[0]["ep_url"] = "rtsp://192.0.2.2:554/user=admin&password=se3cret"
    post(box, as_json(payload("status-v5r5") | {"sub_devices": cameras}))
    log = capsys.readouterr().err
    assert "device_changed" in log
    assert "before=hall-west" in log
    assert "after=hall-east" in log
    assert "after=rtsp://192.0.2.2:554" in log
    assert "se3cret" not in log

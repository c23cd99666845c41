"""A body that means harm, or is merely odd, costs little, and holds up nobody else."""

import base64
import gzip
import json
import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from app.config import Settings
from app.domain.events import Arrival, Kind
from app.domain.refusals import Refusal
from app.domain.users import Actor
from app.errors import Conflict, Se3Error
from app.receiver.refused.admission import Admission, admit
from app.simulators.encodings import encode
from app.store import devices, events, pictures, quarantine
from app.store.database import Database
from app.store.queries import counts
from app.store.writer import Writer
from app.telemetry.logs import configure_logging
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.encodings import as_urlencoded
from tests.support.new_events import BOUNDS, RECEIVED_AT, new_event
from tests.support.payloads import payload

DocumentOf = Callable[[str], dict[str, Any]]
NO_TIME = pytest.mark.timeout(60)  # what takes a second here would take hours if it were quadratic


@NO_TIME
@pytest.mark.parametrize("text", [" " * 1_000_000, "data:" + "a" * 1_000_000, "[" * 100_000, "{'" * 90])
def test_long_texts_are_kept_in_no_time(box: BoxClient, document_of: DocumentOf, text: str) -> None:
    sent = payload("history-contract") | {"note": text}
    reply = box.post("/HistoryEvent", json=sent)
    assert reply.status_code == 200
    assert document_of(reply.json["data"]["id"]) == sent
    body, headers = as_urlencoded(sent)
    assert box.post("/HistoryEvent", data=body, headers=headers).json["data"]["duplicate"] is True


@NO_TIME
def test_long_texts_in_a_status_report_are_cut_in_no_time(box: BoxClient, database: Database) -> None:
    for letter in "ab":
        report = payload("status-v2r4") | {"gateway_name": letter * 1_000_000}
        assert box.post("/DeviceStatus", json=report).status_code == 200
    with database.read() as connection:
        [found] = devices.boxes(connection)
    assert found.details.name == "b" * 1000
    assert found.document["gateway_name"] == "b" * 1_000_000


def test_no_identity_is_too_long(box: BoxClient, database: Database) -> None:
    identity_id = random.Random(1).randbytes(8000).hex()
    reply = box.post("/HistoryEvent", json=payload("history-contract") | {"identity_id": identity_id})
    with database.read() as connection:
        event = events.get(connection, UUID(reply.json["data"]["id"]))
    assert event is not None
    assert event.identity_id == identity_id


@NO_TIME
def test_of_very_many_pictures_the_rest_stays_text(
    box: BoxClient, database: Database, document_of: DocumentOf
) -> None:
    texts = [base64.b64encode(b"\xff\xd8\xff" + b"%080d" % number).decode() for number in range(3000)]
    sent = payload("history-contract") | {"many": texts}
    event_id = box.post("/HistoryEvent", json=sent).json["data"]["id"]
    assert document_of(event_id) == sent
    with database.read() as connection:
        assert len(pictures.uses_of(connection, UUID(event_id))) == 100


@NO_TIME
def test_an_array_of_look_alikes_is_linked_in_no_time(box: BoxClient) -> None:
    where = [{"device_ip": f"10.0.{n // 250}.{n % 250}", "dev_sno": "B"} for n in range(200)]
    batch = [payload("history-contract") | {"ext_data": ext_data} for ext_data in where]
    for path in ("/HistoryEvent", "/RealTimeEvent"):
        assert box.post(path, json=batch).status_code == 200
    reply = box.post("/HistoryEvent", json=[*batch, batch[0]])
    assert reply.status_code == 400
    assert "at most 200" in reply.json["detail"]


def test_a_small_body_makes_no_large_reply(box: BoxClient, database: Database) -> None:
    reply = box.post("/HistoryEvent", json=[{}] * 150)
    assert reply.status_code == 422
    assert len(reply.json["errors"]) == 51
    assert reply.json["errors"][-1]["detail"] == f"and {150 * 6 - 50} more"
    with database.read() as connection:
        found = quarantine.get(connection, UUID(reply.json["quarantine"]))
    assert found is not None
    assert len(found[0].problems) == 51


@pytest.mark.parametrize(
    "text",
    [
        "[" + "1," * 20_000 + "1]",
        "{'a': 1e999}",
        "{'a': 1, 'a': 2}",
        "{'a': '\\ud800'}",
        "{'a': b'x'}",
        "{'a': {1, 2}}",
        "{'a': __import__('os')}",
    ],
    ids=lambda text: text[:20],
)
def test_python_text_that_can_not_be_given_back_stays_text(
    box: BoxClient, document_of: DocumentOf, text: str
) -> None:
    sent = {name: str(value) for name, value in payload("history-contract").items() if name != "ext_data"}
    sent |= {"ext_data[dev_sno]": "B", "extra": text}
    body, headers = encode(sent, "multipart")
    reply = box.post("/HistoryEvent", data=body, headers=headers)
    assert reply.status_code == 200
    extra = document_of(reply.json["data"]["id"])["extra"]
    assert extra == (json.loads(text) if text.startswith("[") else text)


def test_a_part_without_a_name_is_unreadable(box: BoxClient) -> None:
    body = b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"
    reply = box.post("/HistoryEvent", data=body, content_type="multipart/form-data; boundary=x")
    assert reply.status_code == 400
    assert "no name" in reply.json["detail"]


@pytest.mark.parametrize("timestamp", [-62135596800, -99_000_000_000, 253402300799999999, 1e308])
def test_the_ends_of_time_are_refused(box: BoxClient, timestamp: float) -> None:
    reply = box.post("/HistoryEvent", json=payload("history-contract") | {"timestamp": timestamp})
    assert reply.status_code == 422


def test_gzip_may_have_members_and_padding(box: BoxClient, document_of: DocumentOf) -> None:
    body = json.dumps(payload("history-contract")).encode()
    packed = gzip.compress(body[:500]) + gzip.compress(body[500:]) + b"\x00\x00\r\n"
    reply = box.post("/HistoryEvent", data=packed)
    assert document_of(reply.json["data"]["id"]) == payload("history-contract")
    assert box.post("/HistoryEvent", data=gzip.compress(body) + b"more").status_code == 400
    assert box.post("/HistoryEvent", data=gzip.compress(b"") * 1000).status_code == 400


@NO_TIME
def test_a_flood_of_cameras_shuts_no_box_out(box: BoxClient, database: Database) -> None:
    for start in (0, 20_000):
        flood = [{"ep_id": f"camera {number}"} for number in range(start, start + 20_000)]
        assert box.post("/DeviceStatus", json={"dev_sno": "ZKZ0001", "sub_devices": flood}).status_code == 200
    assert box.post("/DeviceStatus", json=payload("status-v2r4")).status_code == 200
    with database.read() as connection:
        assert len(devices.cameras(connection)) == 1000


def test_a_part_of_a_body_is_not_admitted(database: Database) -> None:
    body, _ = as_urlencoded(payload("history-contract"))
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT)
    with database.write() as connection:
        [kept] = quarantine.keep(connection, [Refusal(arrival, "POST", "", 400, "broken-off", [], body[:-9])])
    with pytest.raises(Se3Error, match="--body"):
        admit(database, Settings(), kept, Admission(Actor("anna")))
    assert len(admit(database, Settings(), kept, Admission(Actor("anna"), body=body))) == 1


def test_a_transaction_that_stood_in_the_way_is_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, conflicts = events.record, iter([Conflict("deadlock"), Conflict("deadlock")])

    def record_after_conflicts(*arguments: Any) -> Any:
        for conflict in conflicts:
            raise conflict
        return record(*arguments)

    monkeypatch.setattr(events, "record", record_after_conflicts)
    assert Writer(database, BOUNDS).record([new_event()])[0].duplicate is False


def test_a_secret_in_a_path_is_not_logged(box_for: BoxFor, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    box = box_for(history_paths=("/s3cr3t/HistoryEvent",))
    box.post("/s3cr3t/HistoryEvent", data=b"{")
    box.post("/s3cr3t/HistoryEvnt", data=b"{")
    box.post("/HistoryEvent", data=b"{")
    log = capsys.readouterr().err
    assert "s3cr3t" not in log
    assert "path=/HistoryEvent" in log


def test_forms_that_swap_values_between_objects_are_two_events(box: BoxClient, database: Database) -> None:
    texts = {name: str(value) for name, value in payload("history-contract").items() if name != "ext_data"}
    for first, second in ((3, 4), (4, 3)):
        form = texts | {
            "ext_data[age]": str(first),
            "identity_info[age]": str(second),
            "ext_data[dev_sno]": "B",
        }
        body, headers = encode(form, "multipart")
        assert box.post("/HistoryEvent", data=body, headers=headers).json["data"]["duplicate"] is False
    with database.read() as connection:
        assert counts(connection).events == 2


def test_kinds_are_linked_whatever_their_order_in_an_array(database: Database) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(1, kind=kind) for kind in (Kind.REALTIME, Kind.HISTORY)])
        assert len({event.sighting_id for event in events.latest(connection, 9)}) == 1

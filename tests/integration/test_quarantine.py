"""Refused bodies: admitted, discarded, dropped only beyond their bounds, and answered as the site wants."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.config import Settings
from app.domain.events import Arrival, Kind, Recorded
from app.domain.refusals import Refusal
from app.domain.users import Actor
from app.errors import Invalid, Se3Error, UnknownBox
from app.receiver.paths import STATUS
from app.receiver.refused.admission import Admission, admit
from app.store import batches, devices, events, pruning, quarantine
from app.store.database import Database
from app.store.quarantine import Bounds
from app.store.queries import counts
from app.store.writer import Writer
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.new_events import BOUNDS, RECEIVED_AT
from tests.support.payloads import payload

ANNA = Actor("anna", "192.0.2.8")
WITHOUT_A_GROUP = {name: value for name, value in payload("history-contract").items() if name != "group_name"}


def keep(database: Database, *refusals: Refusal) -> list[UUID]:
    with database.write() as connection:
        return quarantine.keep(connection, refusals)


def refusal(body: bytes, status: int = 422, days: float = 0) -> Refusal:
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT - timedelta(days=days))
    return Refusal(arrival, "POST", "application/json", status, "refused", [], body)


def prune(database: Database, bounds: Bounds, stop: threading.Event | None = None) -> set[bytes]:
    """What is left."""
    pruning.prune(database, bounds, RECEIVED_AT, stop or threading.Event())
    with database.read() as connection:
        found = [quarantine.get(connection, quarantine_id) for quarantine_id in quarantine.ids(connection)]
    return {row[1] for row in found if row}


def admitted(*arguments: Any) -> list[Recorded]:
    return [item for item in admit(*arguments) if isinstance(item, Recorded)]


def test_a_refused_body_is_admitted_as_of_when_it_came(box: BoxClient, database: Database) -> None:
    reply = box.post("/HistoryEvent", json=WITHOUT_A_GROUP)
    quarantine_id = UUID(reply.json["quarantine"])
    with database.read() as connection:
        refused = quarantine.get(connection, quarantine_id)
    with pytest.raises(Invalid, match="group_name is missing"):
        admit(database, Settings(), quarantine_id, Admission(ANNA))
    [recorded] = admitted(database, Settings(validation="lenient"), quarantine_id, Admission(ANNA))
    with database.read() as connection:
        event = events.get(connection, recorded.id)
        assert quarantine.get(connection, quarantine_id) is None
        assert counts(connection).outbox["pending"] == 1
    assert event is not None
    assert refused is not None
    assert (event.received_at, event.route) == (refused[0].first_received_at, "/HistoryEvent")
    assert event.document["identity_id"] == WITHOUT_A_GROUP["identity_id"]


def test_of_a_box_that_is_not_listed_nothing_is_admitted(box_for: BoxFor, database: Database) -> None:
    box = box_for(receiver_boxes=("another",))
    quarantine_id = UUID(box.post("/HistoryEvent", json=payload("history-contract")).json["quarantine"])
    with pytest.raises(UnknownBox, match="RECEIVER_BOXES does not list it"):
        admit(database, Settings(receiver_boxes=("another",)), quarantine_id, Admission(ANNA))
    listed = Settings(receiver_boxes=("another", payload("history-contract")["ext_data"]["dev_sno"]))
    assert len(admitted(database, listed, quarantine_id, Admission(ANNA))) == 1


def test_a_corrected_body_is_admitted_in_place_of_the_kept_one(box: BoxClient, database: Database) -> None:
    reply = box.post("/HistoryEvent", data=b'{"identity_id": "7"')
    corrected = Admission(
        ANNA, body=json.dumps([payload("history-v6"), payload("history-contract")]).encode()
    )
    assert len(admit(database, Settings(), UUID(reply.json["quarantine"]), corrected)) == 2
    with database.read() as connection:
        assert (counts(connection).events, counts(connection).quarantine) == (2, 0)


def test_a_body_from_a_mistyped_path_is_admitted_once_its_kind_is_named(
    box: BoxClient, database: Database
) -> None:
    quarantine_id = UUID(box.post("/RealtimeEvnt", json=payload("realtime-v2r4")).json["quarantine"])
    with pytest.raises(Se3Error, match="--kind"):
        admit(database, Settings(), quarantine_id, Admission(ANNA))
    [recorded] = admitted(database, Settings(), quarantine_id, Admission(ANNA, Kind.REALTIME))
    with database.read() as connection:
        event = events.get(connection, recorded.id)
    assert event is not None
    assert event.kind is Kind.REALTIME


def test_a_status_report_from_a_mistyped_path_is_admitted_too(box: BoxClient, database: Database) -> None:
    quarantine_id = UUID(box.post("/DeviceStats", json=payload("status-v2r4")).json["quarantine"])
    admit(database, Settings(), quarantine_id, Admission(ANNA, STATUS))
    with database.read() as connection:
        [found] = devices.boxes(connection)
        assert counts(connection).quarantine == 0
    assert found.document == payload("status-v2r4")
    refused = UUID(box.post("/DeviceStatus", json={"gateway_ip": "10.0.0.1"}).json["quarantine"])
    corrected = Admission(ANNA, body=json.dumps({"dev_sno": "A1"}).encode())
    admit(database, Settings(), refused, corrected)
    with database.read() as connection:
        assert {known.key for known in devices.boxes(connection)} == {"ZKZ0001", "A1"}


def test_admitting_what_came_again_meanwhile_is_a_duplicate(box_for: BoxFor, database: Database) -> None:
    quarantine_id = UUID(box_for().post("/HistoryEvent", json=WITHOUT_A_GROUP).json["quarantine"])
    lenient = Settings(validation="lenient")
    event_id = box_for(validation="lenient").post("/HistoryEvent", json=WITHOUT_A_GROUP).json["data"]["id"]
    [recorded] = admitted(database, lenient, quarantine_id, Admission(ANNA))
    assert (str(recorded.id), recorded.duplicate) == (event_id, True)


@pytest.mark.parametrize(
    ("bounds", "left"),
    [
        (Bounds(2**20, 1000, timedelta(days=10)), {b"new", b"stray", b"older"}),
        (Bounds(2**20, 2, timedelta(days=100)), {b"new", b"older"}),
        (Bounds(2 * 4096 + 10, 1000, timedelta(days=100)), {b"new", b"older"}),
        (Bounds(2**20, 1000, timedelta(days=100)), {b"new", b"stray", b"older", b"oldest"}),
    ],
    ids=["age", "number", "size", "none"],
)
def test_each_bound_drops_the_right_bodies_and_counts_them(
    database: Database, bounds: Bounds, left: set[bytes]
) -> None:
    keep(
        database,
        refusal(b"new"),
        refusal(b"stray", 404),
        refusal(b"older", days=5),
        refusal(b"oldest", days=20),
    )
    assert prune(database, bounds) == left
    prune(database, bounds)
    with database.read() as connection:
        assert counts(connection).quarantine_dropped == 4 - len(left)


def test_many_go_in_short_transactions_and_what_comes_again_between_them_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [b"%d" % number for number in range(5)]
    keep(database, *(refusal(body, days=20 + number) for number, body in enumerate(old)))
    left: list[int] = []

    class ComeAgain(threading.Event):
        """The rest between two slices."""

        def wait(self, _timeout: float | None = None) -> bool:
            with database.read() as connection:
                left.append(counts(connection).quarantine)
            keep(database, refusal(old[-1], days=-1))
            return False

    monkeypatch.setattr(pruning, "_SLICE_ROWS", 2)
    assert prune(database, BOUNDS, ComeAgain()) == {old[-1]}
    assert left == [3, 1, 1]


def test_the_age_is_bounded_though_nothing_more_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, refusal(b"oldest", days=20_000))
    pruned = threading.Semaphore(0)
    real_prune = pruning.prune

    def prune_and_tell(*arguments: Any) -> int:
        deleted = real_prune(*arguments)
        pruned.release()
        return deleted

    monkeypatch.setattr(batches, "prune", prune_and_tell)
    monkeypatch.setattr(batches, "PRUNE_SECONDS", 0.05)
    idle = Writer(database, BOUNDS)
    assert pruned.acquire(timeout=10)
    assert pruned.acquire(timeout=10)
    idle.keep(refusal(b"new", days=(RECEIVED_AT - datetime.now(UTC)) / timedelta(days=1)))
    idle.close()
    with database.read() as connection:
        assert counts(connection).quarantine == counts(connection).quarantine_dropped == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/HistoryEvent", b'{"identity_id": "7"}', 200),
        ("/HistoryEvent", b"{", 200),
        ("/HistoryEvent", b"<event/>", 200),
        ("/HistoryEvent", b"{" + b" " * 2_000_000, 200),
        ("/HistoryEvent", b"", 400),
        ("/HistoryEvent", b"{" + b" " * 5_000_000, 413),
        ("/HistoryEvnt", b"{}", 404),
    ],
    ids=["wrong", "unreadable", "unknown", "large", "empty", "too large to keep", "mistyped path"],
)
def test_a_site_may_choose_the_status_of_what_is_refused_and_kept(
    box_for: BoxFor, database: Database, path: str, body: bytes, status: int
) -> None:
    reply = box_for(refused_status=200, max_body_mb=1).post(path, data=body)
    assert reply.status_code == reply.json["status"] == status
    if status == 200:
        with database.read() as connection:
            refused = quarantine.get(connection, UUID(reply.json["quarantine"]))
        assert refused is not None
        assert refused[0].status in (400, 413, 415, 422)
        assert refused[1] == body

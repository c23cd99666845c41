"""While PostgreSQL is away, or hangs, the spool takes what is acknowledged; nothing of it is lost."""

import dataclasses
import io
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import jsontext
from app.config import ROOT, Settings
from app.domain.devices import BoxDetails, CameraDetails, CameraReport, StatusReport
from app.domain.events import Arrival, FaceEvent, Kind, NewEvent, Recorded
from app.domain.refusals import Refusal
from app.errors import NotStored, StoreUnavailable
from app.store import counters, devices, events, quarantine
from app.store.batches import Item
from app.store.counters import Tally
from app.store.database import Database
from app.store.queries import counts
from app.store.spool import sheltered_batches
from app.store.spool.drain import draining
from app.store.spool.items import dumped, loaded
from app.store.spool.sheltered_batches import PROMPT_SECONDS
from app.store.spool.spool import Spool, spool_of
from app.store.writer import Writer
from tests.integration.conftest import BoxClient
from tests.support.new_events import BOUNDS, new_event
from tests.support.payloads import payload
from tests.support.postgresql import PostgreSQL
from tests.support.stalling_proxy import StallingProxy
from tests.support.waiting import wait_until

NOW = datetime.now(UTC)
ARRIVAL = Arrival("/RealTimeEvent", "192.0.2.7", NOW)
REALTIME = payload("realtime-v2r4")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "spool.db")) as spool:
        yield spool


@pytest.fixture
def writer(database: Database, spool: Spool) -> Iterator[Writer]:
    with closing(Writer(database, BOUNDS, spool)) as writer, draining(database, BOUNDS, spool):
        yield writer


def stored(database: Database) -> list[FaceEvent]:
    with database.read() as connection:
        return events.latest(connection, 100)[::-1]


def drained(spool: Spool) -> bool:
    return spool.waiting().requests == 0


def value(database: Database, name: str) -> int:
    with database.read() as connection:
        return counters.value(connection, name)


@given(document=st.dictionaries(st.text(), VALUES), content=st.binary(), number=st.integers(0, 2**62))
def test_what_is_put_in_comes_out_equal(document: dict[str, Any], content: bytes, number: int) -> None:
    new = new_event(number % 10**9, form="realtime-v2r4", kind=Kind.REALTIME)
    event = dataclasses.replace(new.event, document=document, info=document, fingerprint=content)
    camera = CameraReport("camera", CameraDetails(name="gate"), document)
    details = BoxDetails(temperature=50.5, port=number)
    problems = [{"pointer": "/score", "detail": "must be a number"}]
    items: list[Item] = [
        dataclasses.replace(new, event=event),
        StatusReport("box", details, (camera,), document, ARRIVAL),
        StatusReport("box", details, None, document, ARRIVAL),
        Refusal(ARRIVAL, "POST", "text/plain", 422, "invalid-event", problems, content),
        Tally(counters.REPLIES_LATE, number),
    ]
    assert loaded(dumped(items)) == items


def test_an_event_that_comes_while_postgresql_is_away_is_stored_once_it_is_back(
    settings: Settings, box: BoxClient, postgresql_server: PostgreSQL, database: Database
) -> None:
    sent = [REALTIME | {"timestamp": 1_566_016_554_000 + number} for number in range(5)]
    postgresql_server.stop()
    replies = [box.post("/RealTimeEvent", json=document) for document in sent]
    assert [reply.status_code for reply in replies] == [200] * 5
    assert (box.get("/readyz").status_code, box.get("/readyz").json["spooled"]) == (200, 5)
    spool = spool_of(settings)
    assert spool
    with closing(spool):
        assert spool.waiting().events == 5
        postgresql_server.start()
        with draining(database, BOUNDS, spool):
            wait_until(lambda: drained(spool))
    found = stored(database)
    assert [str(event.id) for event in found] == [reply.json["data"]["id"] for reply in replies]
    with database.read() as connection:
        assert [events.document_as_sent(connection, event) for event in found] == sent


def test_all_that_a_request_may_bring_waits_and_is_counted_then(
    writer: Writer, postgresql_server: PostgreSQL, database: Database, spool: Spool
) -> None:
    postgresql_server.stop()
    report = StatusReport("box", BoxDetails(name="Gate"), None, {"gateway_name": "Gate"}, ARRIVAL)
    writer.count(counters.REPLIES_LATE)
    assert writer.record_status([report]) == [[]]
    kept = writer.keep(Refusal(ARRIVAL, "POST", "text/plain", 400, "unreadable", [], b"no event"))
    postgresql_server.start()
    wait_until(lambda: drained(spool))
    with database.read() as connection:
        found = quarantine.get(connection, kept)
        [box] = devices.boxes(connection)
    assert found
    assert found[1] == b"no event"
    assert (box.details.name, box.last_seen_at) == ("Gate", NOW)
    assert value(database, counters.REPLIES_LATE) == 1


def test_while_postgresql_hangs_every_reply_comes_in_time_and_nothing_is_stored_twice(
    postgresql_server: PostgreSQL,
    postgresql_url: str,
    spool: Spool,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheltered_batches, "PROMPT_SECONDS", PROMPT_SECONDS)
    with StallingProxy(postgresql_server.port) as line, ExitStack() as stack:
        through = postgresql_url.replace(f":{postgresql_server.port}/", f":{line.port}/")
        hanging = stack.enter_context(closing(Database(through)))
        writer = stack.enter_context(closing(Writer(hanging, BOUNDS, spool)))
        writer.record([new_event(0)])
        line.stall()
        taken = []
        for number in range(1, 20):
            began = time.monotonic()
            assert not writer.record([new_event(number)])[0].duplicate
            taken.append(time.monotonic() - began)
        line.flow()
        with draining(database, BOUNDS, spool):
            wait_until(lambda: drained(spool))
        assert max(taken) < 0.5
    assert len({event.timestamp for event in stored(database)}) == len(stored(database)) == 20


def test_what_a_killed_process_left_in_the_spool_the_next_one_moves(database: Database, spool: Spool) -> None:
    spool.put([[new_event(number)] for number in range(150)])  # more than are read at a time
    with draining(database, BOUNDS, spool):
        wait_until(lambda: drained(spool))
    with database.read() as connection:
        assert counts(connection).events == 150


def test_the_room_that_it_took_is_given_back(database: Database, spool: Spool) -> None:
    spool.prepare()
    with closing(sqlite3.connect(spool.file)) as file:

        def pages() -> int:
            found: int = file.execute("PRAGMA page_count").fetchone()[0]
            return found

        empty = pages()
        spool.put([[new_event(number)] for number in range(50)])
        assert pages() > 2 * empty
        with draining(database, BOUNDS, spool):
            wait_until(lambda: pages() <= empty + 1)
            log = spool.file.with_name("spool.db-wal")
            wait_until(lambda: not log.stat().st_size)  # it shows faces, too


def test_another_users_lock_file_does_not_stop_it(
    database: Database, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's, say, whose command was the first to make it; `os.open` and `open` are as for somebody else."""
    spool.prepare()
    lock = spool.file.with_name("spool.db.drain")
    assert lock.exists()
    spool.put([[new_event()]])
    for module, name in ((os, "open"), (io, "open")):
        monkeypatch.setattr(module, name, _unwritable(getattr(module, name), lock))
    with draining(database, BOUNDS, spool):
        wait_until(lambda: drained(spool))


def _unwritable(opened: Callable[..., Any], lock: Path) -> Callable[..., Any]:
    def refuse(path: Any, mode: Any = "r", *more: Any, **named: Any) -> Any:
        is_to_write = mode & (os.O_WRONLY | os.O_RDWR) if isinstance(mode, int) else mode != "r"
        if str(path) == str(lock) and is_to_write:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode, *more, **named)

    return refuse


def test_what_was_stored_already_is_not_stored_again(
    database: Database, spool: Spool, writer: Writer
) -> None:
    [recorded] = writer.record([new_event()])
    spool.put([[new_event()]])
    wait_until(lambda: drained(spool))
    assert [event.id for event in stored(database)] == [recorded.id]


def test_what_postgresql_refuses_goes_to_quarantine_and_holds_up_nothing(
    database: Database, spool: Spool
) -> None:
    wrong = new_event(1)
    wrong = dataclasses.replace(
        wrong, event=dataclasses.replace(wrong.event, identity_name="\0", received_at=NOW)
    )
    spool.put([[wrong], [new_event(2)]])
    with draining(database, BOUNDS, spool):
        wait_until(lambda: drained(spool))
    with database.read() as connection:
        [kept] = quarantine.listed(connection, 10)
        found = quarantine.get(connection, kept.id)
    assert found
    assert jsontext.parse(found[1]) == payload("history-contract") | {"timestamp": 1_566_016_554_001}
    assert len(stored(database)) == 1


def test_what_cannot_be_read_stays_and_holds_up_nothing(database: Database, spool: Spool) -> None:
    spool.put([[new_event(1)], [new_event(2)]])
    with closing(sqlite3.connect(spool.file)) as file:
        file.execute("UPDATE spool SET content = 'of another version' WHERE id = 1")
        file.commit()
    with draining(database, BOUNDS, spool):
        wait_until(lambda: spool.waiting().requests == 1)
    assert list(spool.oldest(after=0, most=9)) == [1]
    assert len(stored(database)) == 1


def test_one_that_the_database_cannot_bear_holds_up_nothing(
    database: Database, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.put([[new_event(number)] for number in range(5)])
    record = events.record

    def killed_by_the_third(connection: Any, new: Sequence[NewEvent]) -> list[Recorded]:
        if any(one.event.timestamp == str(1_566_016_554_002) for one in new):
            raise StoreUnavailable("the server closed the connection")
        return record(connection, new)

    monkeypatch.setattr(events, "record", killed_by_the_third)
    with draining(database, BOUNDS, spool):
        wait_until(lambda: spool.waiting().requests == 1)
        monkeypatch.undo()
        wait_until(lambda: drained(spool))
    assert len(stored(database)) == 5


def test_what_cannot_be_taken_out_is_moved_once_and_holds_up_nothing(
    database: Database, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.put([[Tally(counters.REPLIES_LATE, 1)] for _ in range(40)])
    remove = Spool.remove
    full = True

    def remove_unless_full(self: Spool, ids: Collection[int]) -> None:
        if full:
            raise StoreUnavailable("database or disk is full")
        remove(self, ids)

    monkeypatch.setattr(Spool, "remove", remove_unless_full)
    with draining(database, BOUNDS, spool):
        wait_until(lambda: value(database, counters.REPLIES_LATE) == 40)
        full = False
        wait_until(lambda: drained(spool))
    assert value(database, counters.REPLIES_LATE) == 40


def test_a_spool_that_was_deleted_is_made_anew(spool: Spool) -> None:
    spool.put([[new_event(1)]])
    spool.file.unlink()
    spool.put([[new_event(2)], [new_event(3)]])
    assert spool.waiting().events == 2


def test_one_that_the_spool_cannot_write_takes_down_no_other(
    writer: Writer, postgresql_server: PostgreSQL
) -> None:
    postgresql_server.stop()
    unwritable = dataclasses.replace(ARRIVAL, route="\udc80")
    with pytest.raises(NotStored):
        writer.keep(Refusal(unwritable, "POST", "", 400, "unreadable", [], b""))
    assert writer.record([new_event()])
    postgresql_server.start()


def test_what_this_version_puts_in_the_next_one_can_read() -> None:
    kept = (ROOT / "tests/payloads/spooled.json").read_bytes()
    [event, report, refusal, tally] = loaded(kept)
    assert isinstance(event, NewEvent)
    assert event.event.identity_id == payload("history-contract")["identity_id"]
    assert dumped([event, report, refusal, tally]) == kept.strip()
    with pytest.raises(Exception, match="While structuring"):
        loaded(kept.replace(b'"prefix":', b'"of_a_newer_version":1,"prefix":'))


def test_without_a_spool_that_can_be_written_nothing_is_acknowledged(
    postgresql_server: PostgreSQL, box_for: Callable[..., BoxClient], tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    box = box_for(spool_path=tmp_path / "a file" / "spool.db")
    postgresql_server.stop()
    assert box.post("/RealTimeEvent", json=REALTIME).status_code == 503
    assert box.get("/readyz").status_code == 503
    postgresql_server.start()
    assert wait_until(lambda: box.post("/RealTimeEvent", json=REALTIME).status_code == 200)


def test_a_spool_that_is_damaged_keeps_no_event_from_postgresql(
    box_for: Callable[..., BoxClient], settings: Settings
) -> None:
    settings.spool_path.write_bytes(b"no database" * 1000)
    box = box_for()
    assert (box.get("/readyz").status_code, box.get("/readyz").json["spooled"]) == (200, None)
    assert box.post("/RealTimeEvent", json=REALTIME).status_code == 200


def test_sqlite_has_no_spool(sqlite_url: str) -> None:
    assert spool_of(Settings(database_url=sqlite_url)) is None


def test_a_drain_that_is_stopped_leaves_no_thread_at_work(database: Database, spool: Spool) -> None:
    before = set(threading.enumerate())
    spool.put([[Refusal(ARRIVAL, "POST", "text/plain", 400, "unreadable", [], b"no event")]])
    with draining(database, BOUNDS, spool):
        wait_until(lambda: drained(spool))
    assert not set(threading.enumerate()) - before

"""Live pages show the newest events, each once, whatever comes and goes; and they are bounded."""

import itertools
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection

from app.console.live import feed, streams, trail
from app.console.live.feed import SHOWN, Feed
from app.console.live.streams import MOST_STREAMS
from app.domain.delivery import DeliveryState
from app.errors import StoreUnavailable
from app.store import audit, event_search, events, outbox, sessions, users
from app.store.database import Database
from app.store.settlements import Settlement
from tests.console.conftest import Person
from tests.support.new_events import new_event

_CARD = re.compile(
    r'<li class="card event[^>]*data-number="(\d+)">.*?<span class="who">(.*?)</span>', re.DOTALL
)
_STATE = re.compile(r'<span class="state (\w+)">')


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_REST_SECONDS", 0.0)
    monkeypatch.setattr(feed, "_REST_SECONDS_A_CARD", 0.0)
    monkeypatch.setattr(streams, "_PAUSE_SECONDS", 0.01)


def record(database: Database, *names: str) -> None:
    """Store events of people with these names, in one transaction."""
    with database.write() as connection:
        events.record(connection, [new_event(identity_name=name) for name in names])


def deliver(database: Database) -> None:
    """Have EnOS take all that waits."""
    now = datetime.now(UTC)
    with database.write() as connection:
        claimed = outbox.claim(connection, "enos", uuid4(), now, 100)
        outbox.settle(connection, [Settlement(row, DeliveryState.DELIVERED, 1, now) for row in claimed], now)


def names(html: str) -> list[str]:
    """Whose cards these are, in their order."""
    return [name for _, name in _CARD.findall(html)]


def version(html: str) -> str:
    """The look that this part of the page is of."""
    found = re.search(r'data-version="(\d+)"', html)
    assert found
    return found[1]


class Stream:
    """What a browser's EventSource reads."""

    def __init__(self, person: Person, after: str, **headers: str) -> None:
        self.reply = person.get(f"/live/stream?after={after}", **headers)
        self._messages = self._read(self.reply.iter_encoded())

    def next(self) -> str:
        """The data of the next message, once it is there."""
        return next(self._messages)

    def _read(self, chunks: Iterator[bytes]) -> Iterator[str]:
        for chunk in chunks:
            if data := re.search(r"^data: (.*)$", chunk.decode(), re.MULTILINE):
                yield data[1]


def test_the_page_shows_the_newest_first_and_no_more_than_it_holds(
    viewer: Person, database: Database
) -> None:
    assert "No event has come yet." in viewer.get("/live").text
    people = [f"Person {number:02}" for number in range(SHOWN + 3)]
    for person in people:
        record(database, person)
    page = viewer.get("/live").text
    assert names(page) == people[: -SHOWN - 1 : -1]
    assert "No event has come yet." not in page
    assert "waits for EnOS" in page
    assert page.count("<img") == 2 * SHOWN


def test_a_poll_brings_what_is_new_and_what_has_a_new_state(viewer: Person, database: Database) -> None:
    record(database, "Ann", "Bob")
    page = viewer.get("/live").text
    nothing = viewer.get(f"/live/cards?after={version(page)}").text
    assert (names(nothing), version(nothing)) == ([], version(page))
    record(database, "Cid")
    poll = viewer.get(f"/live/cards?after={version(page)}").text
    assert names(poll) == ["Cid"]
    deliver(database)
    poll = viewer.get(f"/live/cards?after={version(poll)}").text
    assert (len(names(poll)), set(_STATE.findall(poll))) == (3, {"delivered"})
    assert names(viewer.get(f"/live/cards?after={version(poll)}").text) == []


@pytest.mark.parametrize("after", ["", "0", "x", "-1", "9" * 19, "9" * 30, "²"])
def test_a_look_that_this_process_never_made_gets_all_cards(
    viewer: Person, database: Database, after: str
) -> None:
    record(database, "Ann")
    assert names(viewer.get(f"/live/cards?after={after}").text) == ["Ann"]


def test_a_stream_brings_each_event_as_it_comes(viewer: Person, database: Database) -> None:
    record(database, "Ann")
    stream = Stream(viewer, version(viewer.get("/live").text))
    assert stream.reply.mimetype == "text/event-stream"
    for person in ("Bob", "a line\r\n\r\ndata: <b>"):
        record(database, person)
        assert names(stream.next()) == [" ".join(person.split("\r\n")).replace("<b>", "&lt;b&gt;")]
    deliver(database)
    assert len(names(stream.next())) == 3
    stream.reply.close()


def test_a_stream_goes_on_where_the_last_one_ended(viewer: Person, database: Database) -> None:
    record(database, "Ann")
    at_load = version(viewer.get("/live").text)
    record(database, "Bob")
    first = Stream(viewer, at_load)
    seen = first.next()
    first.reply.close()
    record(database, "Cid")
    second = Stream(viewer, at_load, **{"Last-Event-ID": version(seen)})
    assert (names(seen), names(second.next())) == (["Bob"], ["Cid"])
    second.reply.close()


def test_nothing_is_missed_or_shown_twice_while_many_write(viewer: Person, database: Database) -> None:
    record(database, "Ann")
    polled = viewer.get("/live").text
    stream = Stream(viewer, version(polled))
    by_stream: list[str] = []
    by_polls: list[str] = []
    people = [f"Person {number:03}" for number in range(100)]
    room = threading.Semaphore(SHOWN - 4)  # more at once would push others off the page

    def write(person: str) -> None:
        room.acquire()
        record(database, person)

    with ThreadPoolExecutor(4) as writers:
        written = writers.map(write, people)
        while (seen := min(len(by_stream), len(by_polls))) < len(people):
            if len(by_stream) < len(people):
                by_stream += names(stream.next())
            polled = viewer.get(f"/live/cards?after={version(polled)}").text
            by_polls += names(polled)
            room.release(min(len(by_stream), len(by_polls)) - seen or 1)
        list(written)
    stream.reply.close()
    assert sorted(by_stream) == sorted(by_polls) == people


def test_a_transaction_that_ends_late_is_shown_though_later_ones_were(
    viewer: Person, database: Database, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has one transaction at a time")
    with database.write() as connection:
        events.record(
            connection,
            [new_event(7, reg_pic="", ext_data={"dev_sno": "1"}, identity_id="7", identity_name="Late")],
        )
        record(database, "Early")
        page = viewer.get("/live").text
        assert names(page) == ["Early"]
    assert names(viewer.get(f"/live/cards?after={version(page)}").text) == ["Late"]


def test_only_so_many_streams_are_open_and_one_that_ends_makes_room(viewer: Person) -> None:
    opened = [viewer.get("/live/stream") for _ in range(MOST_STREAMS)]
    assert [reply.status_code for reply in opened] == [200] * MOST_STREAMS
    assert viewer.get("/live/stream").status_code == 503
    assert viewer.get("/live/cards").status_code == 200
    opened.pop().close()
    opened.append(viewer.get("/live/stream"))
    assert opened[-1].status_code == 200
    for reply in reversed(opened):  # one within the other, for all of them are in this thread
        reply.close()


def test_a_stream_ends_after_its_time_and_when_the_process_ends(
    viewer: Person, console: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_SECONDS", 0.1)
    assert viewer.get("/live/stream").text.startswith("retry: 1000\n\n")
    monkeypatch.undo()
    console.extensions["ending"].set()
    assert viewer.get("/live/stream").text == "retry: 1000\n\n"


@pytest.mark.parametrize("change", ["log out", "disable"])
def test_a_stream_ends_when_its_user_is_logged_out_or_disabled(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(streams, "_BEAT_SECONDS", 0.05)
    record(database, "Ann")
    stream = Stream(viewer, "0")
    assert names(stream.next()) == ["Ann"]
    if change == "log out":
        token = viewer.client.get_cookie("se3_session")
        assert token
        with database.write() as connection:
            sessions.end(connection, token.value)
    else:
        with database.write() as connection:
            user = users.named(connection, "anna")
            assert user
            users.disable(connection, user)
    with pytest.raises(StopIteration):
        stream.next()


def test_all_pages_share_one_look(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    record(database, "Ann")
    looks: list[object] = []
    read, now = database.read, itertools.count(step=10)

    def slow_read() -> AbstractContextManager[Connection]:
        looks.append(None)
        clock.monotonic = partial(int, next(now))
        return read()

    clock = SimpleNamespace(monotonic=partial(int, next(now)), time_ns=time.time_ns)
    monkeypatch.setattr(feed, "time", clock)
    monkeypatch.setattr(feed, "_REST_SECONDS", 5.0)
    monkeypatch.setattr(database, "read", slow_read)
    shared = Feed(database)
    with ThreadPoolExecutor(8) as pages:
        windows = list(pages.map(lambda _: shared.window(), range(100)))
    assert len(looks) == 1
    assert {len(window.cards) for window in windows} == {1}


def test_where_the_database_fails_the_others_keep_what_was_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(database, "Ann")
    shared = Feed(database)
    before = shared.window()

    def fail() -> None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(database, "read", fail)
        patch.setattr(feed, "_REST_SECONDS", 3600.0)
        with pytest.raises(StoreUnavailable):
            shared.window()
        assert shared.window() == before


def test_the_audit_log_tells_who_watched_from_when(viewer: Person, database: Database) -> None:
    record(database, "Ann")
    page = viewer.get("/live").text
    for person in ("Bob", "Cid"):
        record(database, person)
        polled = viewer.get(f"/live/cards?after={version(page)}").text
    viewer.get(f"/live/cards?after={version(polled)}")
    assert audited(database) == [("live_watched", "Bob"), ("live_seen", "Ann")]


def test_the_audit_log_gets_another_row_after_a_minute(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_SECONDS", 0)
    record(database, "Ann")
    for _ in range(2):
        viewer.get("/live/cards")
    assert audited(database) == [("live_watched", "Ann")] * 2


def audited(database: Database) -> list[tuple[str, str]]:
    """What the audit log tells of live pages, newest first: the action, and the name of the oldest event."""
    with database.read() as connection:
        entries = [one for one in audit.latest(connection, 20) if one.action.startswith("live")]
        oldest = [UUID(entry.subject.partition("from ")[2].partition(" ")[0]) for entry in entries]
        found = event_search.summaries(connection, oldest)
    pairs = zip(entries, oldest, strict=True)
    return [(entry.action, found[event_id].identity_name or "") for entry, event_id in pairs]

"""The forwarder looks into the outbox when somebody has written, and now and then besides."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.forwarder import byte_rate, flights
from app.forwarder import relay as relay_module
from app.store import counters, events
from app.store import looks as looks_module
from app.store.database import Database
from app.store.looks import Looks
from tests.support.fake_exchange import FakeExchange
from tests.support.new_events import new_event
from tests.support.relays import all_settled, deliveries, relay_for, step_until
from tests.support.waiting import wait_until


@pytest.fixture
def looks(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Looks]:
    """That never look because time has passed."""
    monkeypatch.setattr(looks_module, "UNCHANGED_SECONDS", 1e9)
    monkeypatch.setattr(looks_module, "SERVER_SECONDS", 1e9)
    with closing(Looks(database)) as looks:
        assert looks.is_time()
        yield looks


def write(database: Database) -> None:
    with database.write() as connection:
        counters.add(connection, "test", 1)


def test_without_a_commit_it_is_not_time(database: Database, looks: Looks) -> None:
    with database.read() as connection:
        assert counters.value(connection, "test") == 0
    assert not looks.is_time()
    assert not looks.is_time()


def test_a_commit_on_sqlite_is_noticed_once(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks_module, "UNCHANGED_SECONDS", 1e9)
    ours, theirs = Database(sqlite_url), Database(sqlite_url)
    with closing(ours), closing(theirs), closing(Looks(ours)) as looks:
        assert looks.is_time()
        for database in (ours, theirs, theirs):
            write(database)
            assert looks.is_time()
            assert not looks.is_time()


@pytest.mark.parametrize("name", ["UNCHANGED_SECONDS", "SERVER_SECONDS"])
def test_it_becomes_time_by_itself(
    database: Database, looks: Looks, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert not looks.is_time()
    monkeypatch.setattr(looks_module, name, 0.05)
    if (name == "UNCHANGED_SECONDS") == (database.sqlite_file is not None):
        wait_until(looks.is_time)
    assert not looks.is_time()


def test_a_file_that_was_replaced_is_noticed(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks_module, "UNCHANGED_SECONDS", 1e9)
    with closing(Database(sqlite_url)) as database, closing(Looks(database)) as looks:
        assert looks.is_time()
        assert database.sqlite_file
        copy = shutil.copy(database.sqlite_file, tmp_path / "copy.db")
        Path(copy).replace(database.sqlite_file)
        assert looks.is_time()
        write(database)
        assert looks.is_time()
        assert not looks.is_time()


def test_a_file_that_is_gone_waits_for_an_ordinary_look(tmp_path: Path) -> None:
    looks = Looks(Database(f"sqlite:///{tmp_path / 'none.db'}"))
    assert looks.is_time()
    assert not (tmp_path / "none.db").exists()


def test_a_long_backlog_needs_one_look(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "CLAIMED_AT_ONCE", 5)
    looked: list[bool] = []

    def is_time() -> bool:
        looked.append(not looked)
        return looked[-1]

    with database.write() as connection:
        events.record(connection, [new_event(number) for number in range(32)])
    relay = relay_for(database, FakeExchange(), is_time=is_time)
    step_until(relay, lambda: looked.count(False))
    step_until(relay, all_settled(database))


def test_more_is_claimed_while_the_window_is_full(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "CLAIMED_AT_ONCE", 10)
    monkeypatch.setattr(flights, "MOST_FLIGHTS", 1)
    monkeypatch.setattr(byte_rate, "WINDOW_SECONDS", 0.0)
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in range(25)])
    exchange = FakeExchange(lambda _elements: 200 if len(exchange.messages) == 1 else None)
    relay = relay_for(database, exchange)
    step_until(relay, lambda: exchange.sizes == [1, 19])
    step_until(relay, lambda: {row.state for row in deliveries(database)} == {"delivered", "claimed"})
    assert len(exchange.messages) == 2
    exchange.answer = lambda _elements: 200
    exchange.reply(exchange.messages[1][0], 200)
    step_until(relay, all_settled(database))
    assert exchange.sizes == [1, 19, 5]

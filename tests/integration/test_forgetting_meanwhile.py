"""A person is forgotten just as a forwarder or a receiver is at work on what goes."""

import threading
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as sqlalchemy_event

from app.domain.delivery import DeliveryState
from app.domain.times import EPOCH
from app.store import counters, events, outbox, pictures
from app.store.batches import Batches, Job
from app.store.database import Database
from app.store.queries import quick_counts
from app.store.removal.slices import remove
from app.store.settlements import Settlement
from tests.support.fake_exchange import FakeExchange
from tests.support.forgetting import forgotten
from tests.support.new_events import BOUNDS, RECEIVED_AT
from tests.support.people import event_of, store
from tests.support.relays import relay_for


def test_what_a_forwarder_holds_is_gone_when_enos_answers(database: Database) -> None:
    ids = store(database, event_of("A", 1), event_of("B", 2))
    exchange = FakeExchange(lambda _elements: None)  # it is on its way
    relay = relay_for(database, exchange)
    relay.step()
    [(message, _)] = exchange.messages
    forgotten(database, "A")
    exchange.answer = lambda _elements: 200
    exchange.reply(message, 200)
    for _ in range(3):
        relay.step()
    with database.read() as connection:
        found = quick_counts(connection)
        assert events.get(connection, ids[0]) is None
    assert (found.events, found.outbox["delivered"], found.waiting) == (1, 1, 0)


def test_what_was_claimed_and_not_read_yet_is_gone_too(database: Database) -> None:
    store(database, event_of("A", 1), event_of("A", 2))
    exchange = FakeExchange()
    relay = relay_for(database, exchange)
    claims: Any = relay._claims
    claims._claimed = claims._claim(10)
    forgotten(database, "A")
    relay.step()
    assert exchange.messages == []
    with database.read() as connection:
        assert quick_counts(connection).events == 0


def test_an_event_that_shows_a_picture_just_being_removed_is_stored(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver has found the picture there; it goes before the receiver has linked it."""
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        store(database, event_of("A", 1, spot="shared"))
        removed = threading.Event()
        link = pictures._LINK.execute

        def remove_before_link(connection: Connection, rows: Any) -> None:
            if not removed.is_set():
                removed.set()
                assert forgotten(other, "A").pictures == 2
            link(connection, rows)

        monkeypatch.setattr(pictures._LINK, "execute", remove_before_link)
        outcomes: list[Any] = []
        Batches(database, BOUNDS).write([Job([event_of("B", 2, spot="shared")], outcomes.append)])
        assert removed.is_set()
        [[recorded]] = outcomes
        with database.read() as connection:
            assert len(pictures.uses_of(connection, recorded.id)) == 2


def test_a_picture_that_another_transaction_links_is_not_waited_for_and_stays(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        [old] = store(database, event_of("A", 1, spot="shared"))
        with database.write() as connection:
            [new] = events.record(connection, [event_of("B", 2, spot="shared")])
            with other.write() as removing:
                first = remove(removing, [old], counters.FORGOTTEN)
            assert (first.events, first.pictures, len(first.left)) == (1, 1, 1)
        with other.write() as removing:
            again = remove(removing, [], counters.FORGOTTEN, left=first.left)
        assert (again.pictures, again.left) == (0, frozenset())
        with database.read() as connection:
            assert len(pictures.uses_of(connection, new.id)) == 2


def test_a_delivery_that_is_being_settled_is_not_waited_for(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        [event_id] = store(database, event_of("A", 1))
        with database.write() as connection:
            [row] = outbox.claim(connection, "enos", uuid4(), RECEIVED_AT, 1)
        with database.write() as connection:
            done = Settlement(row, DeliveryState.DELIVERED, 1, EPOCH, 200)
            assert outbox.settle(connection, [done], RECEIVED_AT) == 1
            with other.write() as removing:
                assert remove(removing, [event_id], counters.FORGOTTEN).events == 0
        assert forgotten(other, "A").events == 1
        with database.read() as connection:
            assert quick_counts(connection).events == 0


def test_an_event_that_comes_again_just_as_it_is_removed_is_stored(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        store(database, event_of("A", 1))
        looked = threading.Event()

        def remove_before_look(*arguments: Any) -> None:
            if "events.fingerprint = " in arguments[2] and not looked.is_set():
                looked.set()
                forgotten(other, "A")

        sqlalchemy_event.listen(database.engine, "before_cursor_execute", remove_before_look)
        outcomes: list[Any] = []
        Batches(database, BOUNDS).write([Job([event_of("A", 1)], outcomes.append)])
        assert looked.is_set()
        assert [[one.duplicate for one in outcome] for outcome in outcomes] == [[False]]

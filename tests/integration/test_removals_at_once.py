"""Removals and holds at once on PostgreSQL: no picture stays behind, and no hold is overtaken."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from app.config import Settings
from app.domain.delivery import DeliveryState
from app.domain.users import Actor
from app.people.forgetting import forget
from app.store import events, orphans
from app.store.database import Database
from app.store.removal import holds, keeper
from app.store.removal.holds import HoldUnchanged
from app.store.removal.people import remove_events_of
from app.store.removal.retention import Retention
from tests.support.people import event_of, rows, store

ANNA = Actor("anna")
OTHERS_GET_SECONDS = 0.5  # to do what they must not, while a removal has not ended
ALL = Retention(None, None, 1, None, tuple(DeliveryState))


@pytest.fixture(name="two")
def _two(postgresql_url: str) -> Iterator[tuple[Database, Database]]:
    with closing(Database(postgresql_url)) as one, closing(Database(postgresql_url)) as other:
        yield one, other


def meanwhile(act: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join(OTHERS_GET_SECONDS)
    return thread


def forget_in_database(database: Database) -> None:
    list(remove_events_of(database, "A"))


def expire(database: Database) -> None:
    keeper.run(database, ALL, threading.Event(), is_due=False)


def unused(database: Database) -> int:
    with database.read() as connection:
        return orphans.unused_pictures(connection)[0]


def test_a_picture_of_two_events_that_are_removed_at_once_goes(two: tuple[Database, Database]) -> None:
    one, other = two
    store(one, event_of("A", 1, spot="shared"), event_of("B", 2, spot="shared"))
    threads: list[threading.Thread] = []

    def remove_the_other(_connection: Any) -> None:
        if not threads:
            threads.append(meanwhile(lambda: list(remove_events_of(other, "B"))))

    sqlalchemy_event.listen(one.engine, "commit", remove_the_other)
    forget_in_database(one)
    threads[0].join()
    assert (rows(one)["events"], rows(one)["pictures"]) == ([], [])


@pytest.mark.parametrize("remove", [forget_in_database, expire])
def test_a_hold_is_not_overtaken(
    two: tuple[Database, Database], remove: Callable[[Database], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    monkeypatch.setattr(Retention, "excess", lambda *_: 1)
    store(one, event_of("A", 1))
    outcomes: list[str] = []
    threads: list[threading.Thread] = []

    def hold() -> None:
        try:
            with other.write() as connection:
                holds.hold(connection, "A", "a lawsuit", ANNA)
            outcomes.append("held")
        except HoldUnchanged:
            outcomes.append("too late")

    def hold_before_removal(*arguments: Any) -> None:
        if arguments[2].startswith("DELETE FROM event_pictures") and not threads:
            threads.append(meanwhile(hold))

    sqlalchemy_event.listen(one.engine, "before_cursor_execute", hold_before_removal)
    remove(one)
    threads[0].join()
    assert (outcomes, rows(one)["events"]) == (["too late"], [])


@contextmanager
def linking(database: Database, *spots: object) -> Iterator[Callable[[], None]]:
    """A receiver that has just linked these pictures, and gives up when the given function is called."""
    with database.engine.connect() as connection:
        transaction = connection.begin()
        events.record(connection, [event_of("C", 1000 + n, spot=spot) for n, spot in enumerate(spots)])
        yield lambda: transaction.rollback() if transaction.is_active else None


def test_what_the_last_slice_of_a_run_left_is_tried_again(
    two: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    monkeypatch.setattr(Retention, "excess", lambda *_: 1)
    store(one, event_of("A", 1, spot="shared"))
    left: list[int] = []
    with linking(other, "shared") as give_up:

        def told(removed: Any) -> None:
            left.append(len(removed.left))
            give_up()

        keeper.run(one, ALL, threading.Event(), is_due=False, told=told)
    assert (left, unused(one)) == ([1, 0], 0)


def test_what_a_request_left_is_tried_again_before_it_ends(
    two: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    store(one, *(event_of("A", number, spot=number) for number in range(60)))
    with linking(other, *range(60)) as give_up:
        monkeypatch.setattr("app.store.removal.people.time.sleep", lambda _: give_up())
        settings = Settings(database_url=one.url.render_as_string(hide_password=False))
        done: Any = forget(one, settings, "A", ANNA, seconds=0)
    assert (done.events, done.is_whole, unused(one)) == (40, False, 0)

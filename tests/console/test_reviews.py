"""Each user marks what they have reviewed, and is shown the rest."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.store import reviews
from app.store.database import Database
from app.store.models import UserRow
from tests.console.conftest import Person
from tests.console.test_events import record
from tests.support.new_events import new_event

LINK = re.compile(r'href="/events/([-\w]{36})"')


def unreviewed(person: Person) -> list[str]:
    return LINK.findall(person.get("/events?unreviewed=1").text)


def test_a_mark_hides_the_event_from_its_user_only(
    console: Flask, viewer: Person, add_user: Callable[..., None], database: Database
) -> None:
    first, second = record(database, new_event(1), new_event(2))
    reply = viewer.send(f"/events/{first}/review", reviewed="1")
    assert reply.status_code == 303
    assert unreviewed(viewer) == [str(second)]
    add_user("ben")
    ben = Person(console)
    ben.begin_session(database, "ben")
    assert set(unreviewed(ben)) == {str(first), str(second)}


def test_a_mark_can_be_made_twice_and_taken_away(viewer: Person, database: Database) -> None:
    [event_id] = record(database, new_event())
    for reviewed in ("1", "1"):
        viewer.send(f"/events/{event_id}/review", reviewed=reviewed)
    assert unreviewed(viewer) == []
    viewer.send(f"/events/{event_id}/review", reviewed="")
    assert unreviewed(viewer) == [str(event_id)]


def test_two_clicks_at_once_make_one_mark(viewer: Person, database: Database) -> None:
    event_ids = record(database, *(new_event(number) for number in range(10)))
    with database.read() as connection:
        user_id = connection.scalars(select(UserRow.id)).one()

    def click(event_id: UUID) -> None:
        with database.write() as connection:
            reviews.mark(connection, user_id, event_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(click, [event_id for event_id in event_ids for _ in range(4)]))
    assert unreviewed(viewer) == []


def test_the_way_back_is_the_page_of_the_click_and_no_other_site(viewer: Person, database: Database) -> None:
    [event_id] = record(database, new_event())

    def way_back(referrer: str) -> Any:
        token: Any = re.search(r'form_token" value="(\w+)"', viewer.get("/password").text)
        data = {"form_token": token[1], "reviewed": "1"}
        return viewer.client.post(f"/events/{event_id}/review", data=data, headers={"Referer": referrer})

    assert way_back("http://localhost/events?kind=history").location == "http://localhost/events?kind=history"
    assert way_back("http://evil.example/").location == "/"


@pytest.mark.parametrize("reviewed", ["1", ""])
def test_an_event_that_is_not_there_cannot_be_marked(viewer: Person, reviewed: str) -> None:
    path = "/events/01a20000-0000-7000-8000-000000000000/review"
    assert viewer.send(path, reviewed=reviewed).status_code == 404

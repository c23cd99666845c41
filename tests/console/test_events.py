"""Events are found by what people know of them, and shown with all that is known."""

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.console.words import moment
from app.domain.delivery import DeliveryState
from app.domain.events import Kind, NewEvent
from app.store import audit, event_search, events
from app.store.database import Database
from app.store.event_search import Search
from tests.console.conftest import Person
from tests.support.new_events import new_event
from tests.support.payloads import payload

EXT_DATA = payload("history-contract")["ext_data"]


def record(database: Database, *new_events: NewEvent) -> list[UUID]:
    with database.write() as connection:
        return [recorded.id for recorded in events.record(connection, new_events)]


def newest_first(ids: list[UUID]) -> list[UUID]:
    """Ids made within one millisecond are in no order of their making."""
    return sorted(ids, reverse=True)


def found(database: Database, search: Search, limit: int = 50) -> list[UUID]:
    """What all pages show."""
    ids: list[UUID] = []
    before = None
    with database.read() as connection:
        while True:
            page = event_search.find(connection, search, limit, before)
            ids += [event.id for event in page.events]
            if page.before is None:
                return ids
            before = page.before


@pytest.mark.parametrize(
    ("search", "fields"),
    [
        (Search(text="小"), {"identity_name": "王小明"}),
        (Search(text="EMP-1"), {"identity_id": "emp-17"}),
        (Search(text="100%"), {"group_name": "100%"}),
        (Search(camera="192.0.2.99"), {"ext_data": EXT_DATA | {"device_ip": "192.0.2.99"}}),
        (Search(group="100%"), {"group_name": "100%"}),
        (Search(identity="77"), {"identity_id": "77"}),
        (Search(at_camera="192.0.2.9"), {"ext_data": EXT_DATA | {"device_ip": "192.0.2.9"}}),
        (Search(kind="realtime"), {"kind": Kind.REALTIME}),
        (Search(person_type=3), {"ext_data": EXT_DATA | {"person_type": 3}}),
        (Search(least_score=0.2, most_score=0.3), {"score": 0.25}),
        (Search(has_warnings=True), {"timestamp": 1}),
    ],
)
def test_each_filter_finds_what_matches_and_nothing_else(
    database: Database, search: Search, fields: dict[str, Any]
) -> None:
    others: list[dict[str, Any]] = [
        {"identity_name": "Somebody", "identity_id": "7", "group_name": "1000", "score": 0.9}
    ] * 3
    ids = record(database, *(new_event(n, **other) for n, other in enumerate(others)))
    [wanted] = record(database, new_event(9, **others[0] | fields))
    assert found(database, search) == [wanted]
    assert found(database, Search()) == newest_first([wanted, *ids])


def test_a_delivery_state_and_a_time_are_filters_too(database: Database) -> None:
    ids = record(database, *(new_event(number) for number in range(3)))
    assert found(database, Search(state=DeliveryState.PENDING)) == newest_first(ids)
    assert found(database, Search(state=DeliveryState.PARKED)) == []
    first = datetime.fromtimestamp((min(ids).int >> 80) / 1000, UTC)  # when the first id was made
    assert found(database, Search(since=first)) == newest_first(ids)
    assert found(database, Search(since=first + timedelta(hours=1))) == []
    assert found(database, Search(until=first)) == []
    assert found(database, Search(until=first + timedelta(hours=1))) == newest_first(ids)


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
@pytest.mark.parametrize("looked_at", [1, 4, 100])
def test_pages_show_each_match_once_however_few_match(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    ids = record(database, *(new_event(n, identity_name=f"name {n % 3}") for n in range(13)))
    monkeypatch.setattr(event_search, "MOST_LOOKED_AT", looked_at)
    assert found(database, Search(), limit) == newest_first(ids)
    assert found(database, Search(text="name 1"), limit) == newest_first(ids[1::3])


def test_the_list_shows_who_came_and_leads_to_older_ones(viewer: Person, database: Database) -> None:
    names = {f"Person {number:03}" for number in range(60)}
    record(database, *(new_event(number, identity_name=name) for number, name in enumerate(names)))
    record(database, new_event(99, identity_name="Nobody"))
    first = viewer.get("/events?text=Person").text
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = viewer.get(older).text
    shown = [{name for name in names if name in page} for page in (first, second)]
    assert [len(some) for some in shown] == [50, 10]
    assert shown[0] | shown[1] == names
    assert "Nobody" not in first + second
    assert 'rel="next"' not in second


def test_a_filter_that_cannot_be_read_is_named_and_left_out(viewer: Person, database: Database) -> None:
    record(database, new_event())
    for wrong in (
        "person_type=99999999999999999999",
        "until=9999-12-31T23:59-14:00",
        "text=%00",
        "camera=a%00",
    ):
        reply = viewer.get(f"/events?{wrong}")
        assert (reply.status_code, reply.text.count('class="card event')) == (422, 1), wrong
    reply = viewer.get("/events?least_score=much&kind=none&since=yesterday&person_type=x&before=1&state=y")
    assert reply.status_code == 422
    assert reply.text.count('aria-invalid="true"') == 2  # the two that are typed, not chosen
    assert 'class="card event' in reply.text


def test_one_event_is_shown_whole(viewer: Person, database: Database) -> None:
    shown = payload("history-contract") | {"identity_name": "<script>alert(1)</script>", "unknown": [1, None]}
    [event_id] = record(database, new_event(1, identity_name=shown["identity_name"], unknown=[1, None]))
    page = viewer.get(f"/events/{event_id}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "[1,null]" in page
    assert "waits for EnOS" in page
    sources = [part.partition('"')[0] for part in page.split('<img src="')[1:]]
    assert len(sources) == 2
    for source in sources:
        picture = viewer.get(source)
        assert picture.content_type == "image/jpeg"
        assert picture.headers["Cache-Control"] == "private, no-cache"
        again = viewer.client.get(source, headers={"If-None-Match": picture.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert viewer.get(f"{source}%0a").status_code == 404
    sent = viewer.get(f"/events/{event_id}/document").get_json()
    assert sent == shown | {"timestamp": sent["timestamp"]}


def test_a_warning_is_named_in_the_readers_language(viewer: Person, database: Database) -> None:
    [event_id] = record(database, new_event(1, timestamp=1))
    assert "clock never set: timestamp is 1970-01-01" in viewer.get(f"/events/{event_id}").text
    assert "时钟从未设置: timestamp" in viewer.get(f"/events/{event_id}", **{"Accept-Language": "zh"}).text


def test_copies_of_one_sighting_lead_to_each_other(viewer: Person, database: Database) -> None:
    both = record(database, new_event(1), new_event(1, kind=Kind.REALTIME))
    for one, other in (both, both[::-1]):
        assert f'href="/events/{other}"' in viewer.get(f"/events/{one}").text
    assert re.search(r">real-time · 20\d\d-", viewer.get(f"/events/{both[0]}").text)
    assert re.search(r">history · 20\d\d-", viewer.get(f"/events/{both[1]}").text)


def test_a_card_tells_the_kind_and_when_it_occurred_where_that_was_another_time(
    viewer: Person, database: Database
) -> None:
    for number, (seconds, is_told) in enumerate(((60, False), (61, True), (-61, True))):
        event = new_event(number, kind=Kind.REALTIME).event
        event = dataclasses.replace(event, received_at=event.occurred_at + timedelta(seconds=seconds))
        [event_id] = record(database, NewEvent(event, (), ()))
        page = viewer.get("/events").text
        card = page.partition(f'href="/events/{event_id}"')[2].partition("</li>")[0]
        assert "<span>real-time · employee" in card
        assert (f"occurred {moment(event.occurred_at)}" in card) is is_told


@pytest.mark.parametrize(
    "path",
    [
        "/events/01a20000-0000-7000-8000-000000000000",
        "/pictures/00",
        "/pictures/xyz",
        "/events/7",
        "/nothing",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(viewer: Person, path: str) -> None:
    reply = viewer.get(path)
    assert reply.status_code == 404
    assert "There is no such page, event or picture." in reply.text


def test_the_audit_log_tells_whose_pictures_were_seen(viewer: Person, database: Database) -> None:
    [event_id] = record(database, new_event(1))
    for path in ("/events?text=nobody", "/events", f"/events/{event_id}", f"/events/{event_id}/document"):
        viewer.get(path)
    with database.read() as connection:
        *seen, asked, _login = audit.latest(connection, 5)
    assert [entry.action for entry in seen] == ["document_seen", "event_seen", "events_seen"]
    assert all(str(event_id) in entry.subject for entry in seen)
    assert (asked.action, asked.subject) == ("events_seen", "none text=nobody")


def test_the_overview_says_what_to_look_at(viewer: Person, database: Database) -> None:
    page = viewer.get("/").text
    assert "No event has come yet." in page
    assert "EnOS is not set up" in page
    record(database, new_event(1))
    assert "No event has come yet." not in viewer.get("/").text


def test_pages_are_in_the_language_that_the_browser_wants_or_that_was_chosen(stranger: Person) -> None:
    assert (
        "登录" in stranger.client.get("/login", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}).text
    )
    assert "Log in" in stranger.client.get("/login", headers={"Accept-Language": "fr"}).text
    chosen = stranger.client.get("/language/zh", headers={"Referer": "http://localhost/login"})
    assert chosen.location == "http://localhost/login"
    assert "登录" in stranger.get("/login").text
    after_a_form = stranger.client.get("/language/zh", headers={"Referer": "http://localhost/users/password"})
    assert after_a_form.location == "/"
    elsewhere = stranger.client.get("/language/en", headers={"Referer": "http://localhost.evil.example/"})
    assert elsewhere.location == "/"

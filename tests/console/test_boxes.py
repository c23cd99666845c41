"""The pages of boxes show all that is known of each, and a new one as it comes."""

import dataclasses
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from app.config import Settings
from app.console.application import create_console
from app.domain.events import Arrival, NewEvent
from app.domain.refusals import Refusal
from app.store import box_hours, devices, events, quarantine
from app.store.database import Database
from tests.console.conftest import Person
from tests.support.new_events import new_event
from tests.support.new_reports import new_report

BOX, ADDRESS = "ZKZ0001", "192.168.1.251"  # as the sample report has them


def seen(number: int, *, dev_sno: str | None = BOX, address: str = ADDRESS, **changes: Any) -> NewEvent:
    """An event of a box, which came just now unless it is changed."""
    new = new_event(number)
    values: dict[str, Any] = {"received_at": datetime.now(UTC), "dev_sno": dev_sno, "source_address": address}
    values |= {"occurred_at": values["received_at"]} | changes
    return dataclasses.replace(new, event=dataclasses.replace(new.event, **values), warnings=new.warnings)


def record(database: Database, *new_events: NewEvent) -> None:
    with database.write() as connection:
        events.record(connection, new_events)


def report(database: Database, ago: float = 0, **changes: Any) -> None:
    sent = new_report(**changes)
    arrival = dataclasses.replace(sent.arrival, received_at=datetime.now(UTC) - timedelta(seconds=ago))
    with database.write() as connection:
        devices.record(connection, [dataclasses.replace(sent, arrival=arrival)])


def refuse(database: Database, route: str, status: int, address: str = "192.0.2.50") -> None:
    arrival = Arrival(route, address, datetime.now(UTC))
    problems = [{"pointer": "/timestamp", "detail": "is missing"}]
    with database.write() as connection:
        quarantine.keep(
            connection,
            [Refusal(arrival, "POST", "application/json", status, "invalid", problems, route.encode())],
        )


def text(page: str) -> str:
    """What a person reads of a page, with one space wherever there are several."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def fragment_of(page: str) -> str:
    """The address that the page asks for what has come since it was opened."""
    found = re.search(r'data-fragment="([^"]+)"', page)
    assert found
    return unescape(found[1])


def test_each_box_is_listed_with_its_state_in_words(viewer: Person, database: Database) -> None:
    assert "No box has sent anything yet." in viewer.get("/boxes").text
    report(database)
    report(database, ago=3600, dev_sno="QUIET", gateway_name="quiet one")
    report(database, dev_sno="GONE", gateway_name="gone one", gateway_status="offline")
    record(database, seen(1, dev_sno="STRANGER", address="192.0.2.66"))
    page = text(viewer.get("/boxes").text)
    cards = {name: page.index(name) for name in ("box-93", "quiet one", "gone one", "STRANGER")}
    assert min(cards["box-93"], cards["STRANGER"]) > max(cards["quiet one"], cards["gone one"])
    assert "State online" in page
    assert "State silent since" in page
    assert "State offline, as it says itself" in page
    assert "State sends no status reports" in page
    assert "Firmware V2R1C01 Temperature 48 °C Disk 9.41 GB of 10.39 GB free Cameras 1 of 2 online" in page


def test_of_more_senders_than_are_told_of_the_page_says_so_and_boxes_that_report_stay(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(database)
    record(database, *(seen(number, dev_sno=f"made-up-{number}") for number in range(3)))
    assert "codes?" not in viewer.get("/boxes").text
    monkeypatch.setattr(box_hours, "MOST_HEARD", 2)
    page = viewer.get("/boxes").text
    assert "more senders than 2: only those that sent events last" in page
    assert (page.count("<h2><a"), page.count("box-93")) == (3, 1)


def test_the_bars_of_many_boxes_are_whole(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box_hours, "_MOST_READ", 5)
    for number in range(12):
        at = datetime.now(UTC) - timedelta(hours=number // 3)
        record(database, seen(number, dev_sno=f"box{number % 3}", received_at=at))
    assert viewer.get("/boxes").text.count('aria-label="4 events in 24 hours"') == 3


def test_events_of_a_day_are_drawn_and_told_and_those_before_are_not(
    viewer: Person, database: Database
) -> None:
    report(database)
    for number, hours in enumerate((0, 0, 2, 23, 26)):
        at = datetime.now(UTC) - timedelta(hours=hours)
        record(database, seen(number, received_at=at))
    page = viewer.get("/boxes").text
    assert 'aria-label="4 events in 24 hours"' in page
    heights = [int(height) for height in re.findall(r'<rect [^>]*height="(\d+)"', page)]
    assert (len(heights), heights[-1], heights[-3], heights[0]) == (24, 40, 20, 20)
    assert sum(heights) == 80
    assert "4 events in 24 hours, most of them, 2, in the hour from" in text(page)
    assert "style=" not in page


def test_a_box_is_shown_with_its_cameras_changes_events_and_clock(viewer: Person, database: Database) -> None:
    cameras = [
        {"ep_id": "c1", "ep_name": "gate", "ep_status": "online", "ep_url": "rtsp://a:se3cret@192.0.2.1/1"}
    ]
    report(database, ago=5, gateway_name="hall")
    report(database, sub_devices=cameras, gateway_name="gate")
    now = datetime.now(UTC)
    record(database, seen(1, occurred_at=now + timedelta(minutes=7)), seen(2, dev_sno=None))
    page = viewer.get(f"/boxes/{BOX}").text
    shown = text(page)
    assert "Clock 7 min ahead" in shown
    assert "name: hall → gate" in shown
    assert "gate online" in shown
    assert "rtsp://192.0.2.1" in page
    assert "se3cret" not in page + viewer.get("/boxes").text
    assert shown.count("history · waits for EnOS") == 1  # by its licence code; the other's link is beside it
    for name in (BOX, ADDRESS):
        assert f'href="/events?at_camera={name}"' in page
    assert viewer.get(f"/events?at_camera={ADDRESS}").text.count('class="card event') == 2


def test_a_clock_that_is_right_and_one_that_is_behind(viewer: Person, database: Database) -> None:
    record(database, seen(1, dev_sno="RIGHT"))
    record(database, seen(2, dev_sno="LATE", occurred_at=datetime.now(UTC) - timedelta(hours=3)))
    assert "Clock right" in text(viewer.get("/boxes/RIGHT").text)
    assert "Clock up to 3 h behind, or its events came late" in text(viewer.get("/boxes/LATE").text)


def test_warnings_are_told_by_kind(viewer: Person, database: Database) -> None:
    new = new_event(1, timestamp=1)
    assert [warning.code for warning in new.warnings] == ["clock_behind"]
    event = dataclasses.replace(new.event, received_at=datetime.now(UTC))
    record(database, dataclasses.replace(new, event=event), seen(2, dev_sno=event.dev_sno))
    assert "Warnings in 24 hours clock never set: 1" in text(viewer.get("/boxes").text)


@pytest.mark.parametrize("key", ["nothing", "", "a/b", "%00", "盒"])
def test_a_box_that_is_not_known_is_not_found(viewer: Person, key: str) -> None:
    assert viewer.get(f"/boxes/{key}").status_code == 404


@pytest.mark.parametrize("key", ["e0:a5:09:00:0e:6d", "a/b", "a b?c#d", "盒子", "<b>"])
def test_a_key_may_be_any_text(viewer: Person, database: Database, key: str) -> None:
    record(database, seen(1, dev_sno=key))
    found = re.search(r'<h2><a href="([^"]+)"', viewer.get("/boxes").text)
    assert found
    assert key in text(viewer.get(unescape(found[1])).text) or key == "<b>"


def test_the_page_for_a_new_box_has_the_addresses_and_waits(viewer: Person) -> None:
    page = viewer.get("/boxes/new").text
    addresses = re.findall(r'<input readonly value="(http://[^"]+)"', page)
    assert [address.rpartition("/")[2] for address in addresses[:3]] == [
        "HistoryEvent",
        "RealTimeEvent",
        "DeviceStatus",
    ]
    assert all(":9528/" in address for address in addresses)
    assert "Waiting for a new box" in page


def test_a_new_box_is_told_from_those_that_were_known(viewer: Person, database: Database) -> None:
    record(database, seen(1, dev_sno="OLD", address="192.0.2.1"))
    fragment = fragment_of(viewer.get("/boxes/new").text)
    record(database, seen(2, dev_sno="OLD", address="192.0.2.1"), seen(3, dev_sno=None, address="192.0.2.1"))
    page = text(viewer.get(fragment).text)
    assert "Boxes that were known already sent events meanwhile: OLD" in page
    assert "Waiting for a new box" in page
    record(database, seen(4, dev_sno="NEW", address="192.0.2.2"))
    page = text(viewer.get(fragment).text)
    assert "The new box NEW is here." in page
    assert "from 192.0.2.2" in page
    assert "Waiting" not in page
    reloaded = fragment.replace("/arrivals", "")
    assert "The new box NEW is here." in viewer.get(reloaded).text
    assert "The new box" not in viewer.get("/boxes/new").text


def test_a_box_that_reported_before_is_not_new_and_one_that_only_reports_is_said_to(
    viewer: Person, database: Database
) -> None:
    report(database)
    fragment = fragment_of(viewer.get("/boxes/new").text)
    record(database, seen(1, dev_sno=None))  # a real-time event: known by its address alone
    report(database, dev_sno="NEW", gateway_name="fresh", gateway_ip="192.0.2.9")
    page = text(viewer.get(fragment).text)
    assert "The new box fresh reports its status." in page
    assert "known already sent events meanwhile: box-93" in page
    assert "is here" not in page


def test_what_is_refused_meanwhile_is_shown_with_its_fault_and_no_secret_path(
    viewer: Person, database: Database
) -> None:
    refuse(database, "/HistoryEvents", 404)
    page = viewer.get("/boxes/new").text
    assert "/HistoryEvents" in page.partition("Refused in the last 24 hours")[2]
    fragment = fragment_of(page)
    assert "was refused" not in viewer.get(fragment).text
    refuse(database, "/HistoryEvent", 422)
    refuse(database, "/s3cret/HistoryEvent", 422)
    shown = text(viewer.get(fragment).text)
    assert "from 192.0.2.50 · POST /HistoryEvent · status 422 · /timestamp is missing" in shown
    assert "a path of your own · status 422" in shown
    assert "s3cret" not in shown
    assert "Waiting" not in shown


def test_after_a_minute_without_anything_the_page_says_what_to_check(viewer: Person) -> None:
    opened = int((datetime.now(UTC) - timedelta(seconds=61)).timestamp() * 1000)
    assert (
        "Nothing came from a new box for a minute" in viewer.get(f"/boxes/new/arrivals?since={opened}").text
    )


@pytest.mark.parametrize("since", ["", "x", "-1", "1" * 30, "0"])
def test_a_time_that_the_page_cannot_have_been_opened_at_counts_as_now(viewer: Person, since: str) -> None:
    assert "Waiting for a new box" in viewer.get(f"/boxes/new/arrivals?since={since}").text


def test_a_receiver_that_no_box_can_reach_is_said_to_be_one(
    viewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "no box can reach it"
    assert said not in viewer.get("/boxes/new").text
    monkeypatch.setattr("app.receiver.addresses.reachable", lambda _bind: ["127.0.0.1:9528"])
    assert said in viewer.get("/boxes/new").text


def test_what_stands_for_a_key_and_a_proxy_is_said_and_no_key_is_shown(
    database_url: str, viewer: Person, database: Database
) -> None:
    assert "in the place of" not in viewer.get("/boxes/new").text
    settings = Settings(
        database_url=database_url,
        disk_floor_mb=0,
        receiver_bind="127.0.0.1:9528",
        receiver_keys=("s3cret-s3cret-s3cret",),
        receiver_proxies=1,
    )
    app = create_console(settings)
    with closing(app.extensions["database"]):
        person = Person(app)
        person.begin_session(database, "anna")
        page = person.get("/boxes/new").text
    addresses = re.findall(r'<input readonly value="(http://[^"]+)"', page)
    assert addresses == [
        f"http://PROXY/KEY/{name}" for name in ("HistoryEvent", "RealTimeEvent", "DeviceStatus")
    ]
    assert "in the place of KEY" in page
    assert "in the place of PROXY" in page
    assert "RECEIVER_BIND" not in page
    assert "s3cret" not in page

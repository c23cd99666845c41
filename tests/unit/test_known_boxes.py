"""Senders of events are put to the boxes that they are."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.boxes.bars import HEIGHT, bars_of
from app.domain.devices import BoxState, BoxStatus, first_status
from app.domain.known_boxes import known_boxes, least_lag, warnings_by_code
from app.domain.senders import ALL, HOURS_SHOWN, Heard, Sender, SenderHour, hours_until, owners
from tests.support.new_reports import BEGIN, at, new_report

BOX = "ZKZ0001"
ADDRESS = "192.168.1.251"  # as the sample report has it


def reported(**changes: Any) -> BoxStatus:
    return first_status(new_report(**changes))


def heard(dev_sno: str, address: str, *, first: float = 0, last: float = 0) -> Heard:
    return Heard(Sender(dev_sno, address), 1, at(first), at(last))


def hour(number: int, lag: float, code: str = ALL, events: int = 1) -> SenderHour:
    begin = BEGIN + timedelta(hours=number)
    return SenderHour(Sender(BOX, ADDRESS), begin, code, events, timedelta(seconds=lag))


@pytest.mark.parametrize(
    ("sender", "owner"),
    [
        (Sender(BOX, "10.0.0.1"), BOX),
        (Sender("", ADDRESS), BOX),
        (Sender("OTHER", ADDRESS), "OTHER"),
        (Sender("", "10.0.0.9"), "10.0.0.9"),
    ],
)
def test_a_sender_is_the_box_of_its_licence_code_or_else_of_its_address(sender: Sender, owner: str) -> None:
    assert owners([reported()], [sender]) == {sender: owner}


def test_events_without_a_licence_code_are_those_of_the_one_box_at_their_address() -> None:
    named, nameless = Sender("A", "10.0.0.1"), Sender("", "10.0.0.1")
    assert owners([], [nameless, named])[nameless] == "A"
    behind_one_address = [nameless, named, Sender("B", "10.0.0.1")]
    assert owners([], behind_one_address)[nameless] == "10.0.0.1"


def test_a_box_that_reports_by_its_serial_number_is_known_by_its_licence_code_too() -> None:
    box = reported(dev_sno="", gateway_sn="SERIAL")
    assert owners([box], [Sender("SERIAL", "10.0.0.1")]) == {Sender("SERIAL", "10.0.0.1"): "SERIAL"}


def test_a_box_is_there_once_with_all_that_is_known_of_it() -> None:
    senders = [heard("", ADDRESS, first=-5, last=1), heard(BOX, "10.0.0.1", first=2, last=7), heard("X", "x")]
    other, box = known_boxes([reported()], [], senders, [hour(0, 1)])
    assert (box.key, box.name, box.addresses) == (BOX, "box-93", [ADDRESS, "10.0.0.1"])
    assert (box.first_seen_at, box.last_seen_at, box.first_event_at) == (at(-5), at(7), at(-5))
    assert box.names == [BOX, ADDRESS, "10.0.0.1"]
    assert box.state(at(10)) is BoxState.ONLINE
    assert box.state(at(181)) is BoxState.SILENT
    assert (other.key, other.state(at(0)), other.names) == ("X", BoxState.UNREPORTED, ["X", "x"])


def test_a_clock_is_judged_by_the_last_hour_and_warnings_by_how_many_there_are() -> None:
    hours = [hour(1, 3), hour(2, 60), hour(2, 90, "clock_ahead", 2), hour(3, 5, "no_picture", 7)]
    assert least_lag(hours) == timedelta(seconds=60)
    assert least_lag([]) is None
    assert list(warnings_by_code(hours).items()) == [("no_picture", 7), ("clock_ahead", 2)]


@given(numbers=st.dictionaries(st.integers(0, 40), st.integers(0, 10**6)))
def test_the_bars_are_the_last_24_hours_and_none_that_had_events_is_empty(numbers: dict[int, int]) -> None:
    now = BEGIN + timedelta(hours=30, minutes=59)
    drawn = bars_of({BEGIN + timedelta(hours=n): number for n, number in numbers.items()}, now)
    assert len(drawn.bars) == HOURS_SHOWN
    assert drawn.bars[0].begin == hours_until(now)[0] == BEGIN + timedelta(hours=7)
    assert drawn.total == sum(number for n, number in numbers.items() if 7 <= n <= 30)
    assert all((bar.height > 0) == (bar.number > 0) and bar.height <= HEIGHT for bar in drawn.bars)
    assert drawn.busiest.number == max(bar.number for bar in drawn.bars)

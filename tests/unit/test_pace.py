"""A sender is held to its rate, whatever its rhythm."""

import sys
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from app.receiver.pace import Pace

GAPS = st.lists(st.floats(0, 90), min_size=1, max_size=200)


@given(rate=st.integers(1, 50), gaps=GAPS)
def test_no_rhythm_gets_more_than_the_rate_and_one_burst(rate: int, gaps: list[float]) -> None:
    pace, now, taken = Pace(rate), 1000.0, 0
    for gap in gaps:
        now += gap
        taken += pace.wait_of("192.0.2.7", now) == 0
    assert taken <= rate * (60 + now - 1000.0) + 1


@given(rate=st.integers(1, 50), gaps=GAPS)
def test_who_waits_as_long_as_told_may_send(rate: int, gaps: list[float]) -> None:
    pace, now = Pace(rate), 1000.0
    for gap in gaps:
        now += gap / 1000
        if wait := pace.wait_of("192.0.2.7", now):
            now += wait + 1e-6
            assert pace.wait_of("192.0.2.7", now) == 0


def test_many_senders_are_not_remembered_for_ever() -> None:
    pace = Pace(1)
    for number in range(20_000):
        pace.wait_of(str(number), 1000.0)
    assert len(pace._paid_until) == 10_000


def test_threads_that_share_a_memory_that_is_full_disturb_each_other_in_nothing() -> None:
    pace, before = Pace(1), sys.getswitchinterval()

    def send(thread: int) -> None:
        for number in range(5_000):
            pace.wait_of(f"{thread} {number}", 1000.0)

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, range(4)))  # raises what a thread raised
    finally:
        sys.setswitchinterval(before)
    assert len(pace._paid_until) == 10_000

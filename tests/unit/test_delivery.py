"""When to try again, when to connect again, and what each of EnOS's codes leads to."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.delivery import LONGEST_RETRY_SECONDS, Decision, retry_delay
from app.enos.replies import decide, explain
from app.forwarder.pacing import ConnectPacer, seconds_until_room


@given(st.integers(min_value=1, max_value=10_000), st.randoms())
def test_a_retry_waits_no_longer_than_the_cap(attempts: int, rng: random.Random) -> None:
    assert 0 <= retry_delay(attempts, rng) <= LONGEST_RETRY_SECONDS


def test_retries_are_spread_out_and_grow() -> None:
    rng = random.Random(1)
    early, late = ([retry_delay(attempts, rng) for _ in range(200)] for attempts in (1, 6))
    assert len(set(early)) > 190
    assert sum(late) > 10 * sum(early)


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        (200, Decision.DELIVERED),
        (1204, Decision.PARK),
        (1257, Decision.PARK),
        (1008, Decision.PARK),
        (1009, Decision.PAUSE),
        (401, Decision.PAUSE),
        (1274, Decision.RETRY),
        (500, Decision.RETRY),
        (777, Decision.RETRY),
    ],
)
def test_each_code_has_its_decision(code: int, decision: Decision) -> None:
    """EnOS protocol, section 3."""
    assert decide(code) is decision
    assert code == 200 or "hub's words" in explain(code, "hub's words")


@given(st.lists(st.tuples(st.sampled_from(["fail", "drop"]), st.floats(0, 200)), max_size=60), st.randoms())
def test_a_pacer_never_gets_locked_out(story: list[tuple[str, float]], rng: random.Random) -> None:
    """EnOS protocol, section 1: a fifth connect within two minutes locks out for five."""
    pacer, now, connects = ConnectPacer(rng), 1000.0, []
    for outcome, lived in story:
        now += pacer.wait(now)
        pacer.connecting(now)
        connects.append(now)
        if outcome == "fail":
            pacer.failed(now)
        else:
            now += lived
            pacer.dropped(now)
    assert all(fifth - first > 120 for first, fifth in zip(connects, connects[4:], strict=False))
    assert all(later - earlier > 1 for earlier, later in pairwise(connects))


def test_a_pacer_counts_the_connects_of_others() -> None:
    pacer = ConnectPacer(random.Random(1))
    pacer.remember([300, 100, 90, 80, 0.5], now=1000)
    assert pacer.wait(1000) == 25
    assert pacer.wait(1025) == 0
    pacer.remember([0.1], now=1000)
    assert pacer.wait(1000) == pytest.approx(1.0)


def test_a_first_drop_reconnects_soon_and_a_failure_waits() -> None:
    """Not at once: it may have been pushed out by another one's connect of this second."""
    pacer = ConnectPacer(random.Random(1))
    assert pacer.wait(0) == 0
    pacer.connecting(0)
    pacer.dropped(10)
    assert pacer.wait(10) == pytest.approx(1.1)
    pacer.connecting(11.1)
    assert pacer.wait(11.1) == pytest.approx(1.1)
    pacer.failed(12)
    assert 35 <= pacer.wait(12) <= 45
    pacer.failed(60)
    assert 70 <= pacer.wait(60) <= 80
    pacer.succeeded()
    pacer.failed(200)
    assert 35 <= pacer.wait(200) <= 45


@pytest.mark.parametrize(
    ("ages", "connects", "wait"),
    [
        ([], 2, 0),
        ([300, 200, 100, 90, 80], 1, 0),
        ([300, 100, 90, 80, 70], 1, 25),
        ([100, 90], 2, 0),
        ([100, 90, 80], 2, 25),
        ([100, 90, 80, 70], 2, 35),
        ([1], 1, 2),
    ],
)
def test_a_check_waits_until_there_is_room_for_all(ages: list[float], connects: int, wait: float) -> None:
    assert seconds_until_room(ages, connects) == wait

"""How many events a message has, and how soon it may go."""

from collections import deque
from itertools import groupby, pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.forwarder.byte_rate import ByteRate
from app.forwarder.posts import Backlog, Post
from app.store.outbox import Claimed

TOKEN = uuid4()


def post(number: int, size: int = 100, attempts: int = 0) -> Post:
    return Post(Claimed(number, uuid4(), attempts, "enos", TOKEN), b"x" * size)


def messages(backlog: Backlog) -> list[list[Post]]:
    return [list(taken) for taken in iter(backlog.take_message, [])]


@given(st.lists(st.tuples(st.integers(1, 2000), st.integers(0, 14)), max_size=60))
def test_a_message_holds_as_many_as_fit_and_no_more(sizes: list[tuple[int, int]]) -> None:
    posts = [post(number, size, attempts) for number, (size, attempts) in enumerate(sizes)]
    posts.sort(key=lambda one: one.row.attempts)
    backlog = Backlog(3000)
    backlog.add(posts)
    found = messages(backlog)
    assert [p for taken in found for p in taken] == posts
    for taken in found:
        assert len(b",".join(p.element for p in taken)) <= 3000
        assert len({p.row.attempts for p in taken}) == 1
    for one, other in pairwise(found):
        fits = len(b",".join(p.element for p in [*one, other[0]])) <= 3000
        alike = one[0].row.attempts == other[0].row.attempts
        assert not (fits and alike) or len(one) == max(1, 1024 >> one[0].row.attempts)


def test_an_event_larger_than_a_message_should_be_goes_alone() -> None:
    backlog = Backlog(1000)
    backlog.add([post(1, 200), post(2, 5000), post(3, 200)])
    assert [len(taken) for taken in messages(backlog)] == [1, 1, 1]


def test_what_failed_goes_in_smaller_messages_down_to_one_event() -> None:
    backlog = Backlog(10**9)
    backlog.add([post(number, 1, attempts) for attempts in (0, 1, 8, 10, 20) for number in range(600)])
    longest = {
        attempts: max(len(taken) for taken in group)
        for attempts, group in groupby(messages(backlog), lambda taken: taken[0].row.attempts)
    }
    assert longest == {0: 600, 1: 512, 8: 4, 10: 1, 20: 1}


def test_messages_shrink_on_a_slow_line_and_grow_again() -> None:
    backlog = Backlog(100_000)
    backlog.add([post(number, 999) for number in range(500)])
    assert len(backlog.take_message()) == 100
    backlog.shrink()
    assert len(backlog.take_message()) == 50
    backlog.grow()
    assert len(backlog.take_message()) == 62
    for _ in range(9):
        backlog.shrink()
    assert len(backlog.take_message()) == 8
    for _ in range(20):
        backlog.grow()
    assert len(backlog.take_message()) == 100


def test_halves_go_first_and_the_front_half_before_the_other() -> None:
    backlog = Backlog(10**6)
    backlog.add([post(9)])
    backlog.halve([post(number) for number in range(5)])
    assert [[p.row.id for p in taken] for taken in messages(backlog)] == [[0, 1], [2, 3, 4], [9]]


def test_taking_everything_leaves_nothing() -> None:
    backlog = Backlog(10**6)
    backlog.add([post(1), post(2)])
    backlog.halve([post(3), post(4)])
    assert {p.row.id for p in backlog.take_all()} == {1, 2, 3, 4}
    assert not backlog.take_message()


@given(
    st.lists(st.tuples(st.integers(1, 524_288), st.floats(0, 2)), min_size=1, max_size=60),
    st.lists(st.floats(0, 0.09), min_size=60, max_size=60),
)
def test_no_second_ever_sees_more_than_a_megabyte(sent: list[tuple[int, float]], late: list[float]) -> None:
    """EnOS protocol, section 1; `late`: how long each message is on its way, at most 0.09 s."""
    rate, now, arrivals = ByteRate(), 0.0, []
    for (size, pause), delay in zip(sent, late, strict=False):
        now += pause
        while wait := rate.wait(size, now):
            now += wait
        rate.sent(size, now)
        arrivals.append((now + delay, size))
    arrivals.sort()
    window: deque[tuple[float, int]] = deque()
    for at, size in arrivals:
        window.append((at, size))
        while window[0][0] <= at - 1:
            window.popleft()
        assert sum(size for _, size in window) <= 1_000_000


def test_a_new_connection_counts_what_another_may_just_have_sent() -> None:
    rate = ByteRate()
    rate.begin(now=10.0)
    assert rate.wait(1_000, 10.0) == 0
    rate.sent(1_000, 10.0)
    assert rate.wait(480_000, 10.2) == pytest.approx(0.9)
    assert rate.wait(480_000, 11.1) == 0


def test_a_backlog_goes_as_fast_as_the_limit_allows() -> None:
    rate, now, total = ByteRate(), 0.0, 0
    while now < 60:
        if wait := rate.wait(480_000, now):
            now += wait
        else:
            rate.sent(480_000, now)
            total += 480_000
    assert total / 60 > 860_000

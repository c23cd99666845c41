"""How many events a message has, and how soon it may go."""

from collections import deque
from itertools import groupby, pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.forwarder.byte_rate import WINDOW_SECONDS, ByteRate
from app.forwarder.posts import Backlog, Post
from app.store.settlements import Claimed

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
    st.lists(
        st.tuples(st.integers(1, 524_288), st.floats(0, 2), st.floats(0, 3), st.floats(0, 1), st.booleans()),
        min_size=1,
        max_size=60,
    )
)
def test_no_second_ever_sees_more_than_a_megabyte(
    messages: list[tuple[int, float, float, float, bool]],
) -> None:
    """EnOS protocol, section 1, however long a message is on its way, the line keeping their order.

    Of each: its bytes, the pause before it, the seconds until it arrives, and then until that is known; or it
    never is, but by the next that is.
    """
    rate, now, arrivals = ByteRate(), 0.0, [0.0]
    news: list[tuple[float, int]] = []
    sizes: list[int] = []
    for size, pause, on_way, on_way_back, is_acknowledged in messages:
        now += pause
        while wait := news_until(rate, news, now).wait(size, now):
            now = min(now + wait, min((at for at, _ in news if at > now), default=now + 10))
            if wait == float("inf") and all(at <= now for at, _ in news):
                rate.arrived(len(sizes), now)  # given up
        number = rate.sent(size)
        sizes.append(size)
        arrivals.append(max(arrivals[-1], now + on_way))
        if is_acknowledged:
            news.append((arrivals[-1] + on_way_back, number))
    window: deque[tuple[float, int]] = deque()
    for arrived_at, size in zip(arrivals[1:], sizes, strict=True):
        window.append((arrived_at, size))
        while window[0][0] <= arrived_at - 1:
            window.popleft()
        assert sum(size for _, size in window) <= 1_000_000


def news_until(rate: ByteRate, news: list[tuple[float, int]], now: float) -> ByteRate:
    """Tell what is known by now, each at the time when it came."""
    for at, number in sorted(news):
        if at <= now:
            rate.arrived(number, at)
    return rate


def test_what_is_on_its_way_counts_until_it_has_arrived() -> None:
    rate = ByteRate()
    numbers = [rate.sent(480_000), rate.sent(480_000)]
    assert rate.wait(480_000, 100.0) == float("inf")
    rate.arrived(numbers[0], 100.0)
    assert rate.wait(480_000, 100.2) == pytest.approx(WINDOW_SECONDS - 0.2)
    assert rate.wait(480_000, 100.0 + WINDOW_SECONDS) == 0


def test_what_arrived_later_says_that_all_before_it_has() -> None:
    rate = ByteRate()
    numbers = [rate.sent(480_000), rate.sent(480_000)]
    rate.arrived(numbers[1], 10.0)
    assert rate.wait(900_000, 10.0 + WINDOW_SECONDS) == 0


def test_a_new_connection_counts_what_another_may_just_have_sent() -> None:
    rate = ByteRate()
    rate.sent(900_000)
    rate.begin(now=10.0)
    assert rate.wait(1_000, 10.0) == 0
    assert rate.sent(1_000) == 1
    assert rate.wait(480_000, 10.2) == pytest.approx(WINDOW_SECONDS - 0.2)
    assert rate.wait(480_000, 10.0 + WINDOW_SECONDS) == 0


def test_a_backlog_goes_as_fast_as_the_limit_allows() -> None:
    """Each message is acknowledged after 30 ms."""
    rate, now, total = ByteRate(), 0.0, 0
    while now < 60:
        if wait := rate.wait(480_000, now):
            now += wait
        else:
            number = rate.sent(480_000)
            rate.arrived(number, now + 0.03)
            total += 480_000
    assert total / 60 > 860_000

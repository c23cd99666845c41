"""The times in which copies are looked for hold every copy there can be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Kind
from app.domain.sightings import Trace, are_copies, moments_of

BASE = datetime(2026, 1, 1, tzinfo=UTC)


def trace(milliseconds: int, counts_seconds: bool, kind: Kind = Kind.HISTORY) -> Trace:
    at = BASE + timedelta(seconds=milliseconds // 1000 if counts_seconds else milliseconds / 1000)
    number = int(at.timestamp()) if counts_seconds else int(at.timestamp() * 1000)
    return Trace(kind, at, str(number), "10.0.0.7", None)


traces = st.builds(trace, st.integers(0, 3000), st.booleans(), st.sampled_from(Kind))


@given(traces, traces)
def test_copies_lie_within_each_other_s_moments(one: Trace, other: Trace) -> None:
    if are_copies(one, other):
        moments = moments_of(one)
        within = moments.first <= other.occurred_at <= moments.last
        assert within or other.occurred_at in (moments.second_before, moments.second_after)


@given(traces, traces)
def test_to_be_a_copy_is_mutual(one: Trace, other: Trace) -> None:
    assert are_copies(one, other) == are_copies(other, one)


def test_whole_seconds_meet_the_milliseconds_around_them() -> None:
    second = trace(1000, True, Kind.REALTIME)
    assert are_copies(second, trace(1999, False))
    assert not are_copies(second, trace(2000, False))


def test_two_of_one_kind_are_copies_only_to_the_millisecond() -> None:
    assert are_copies(trace(1000, False), trace(1001, False))
    assert not are_copies(trace(1000, False), trace(1002, False))
    assert not are_copies(trace(1000, True), trace(1000, True))

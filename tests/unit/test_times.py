"""A timestamp means the same instant in each unit that boxes use."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.times import from_timestamp, to_milliseconds


@pytest.mark.parametrize("value", [1566016554.02, 1566016554020, 1566016554020000])
def test_seconds_milliseconds_and_microseconds(value: float) -> None:
    assert from_timestamp(value) == datetime(2019, 8, 17, 4, 35, 54, 20_000, tzinfo=UTC)


def test_a_dead_clock_is_a_date_too() -> None:
    assert from_timestamp(0) == datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(min_value=10**11, max_value=10**14 - 1))
def test_milliseconds_survive(milliseconds: int) -> None:
    assert to_milliseconds(from_timestamp(milliseconds)) == milliseconds


@pytest.mark.parametrize("value", [1e30, -1e30, float(2**63)])
def test_what_is_no_date_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="years 1 and 9999"):
        from_timestamp(value)

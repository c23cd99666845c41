"""How long a listener waits before it connects again."""

import random

import pytest

from app.receiver.listener import retry_seconds


@pytest.mark.parametrize(("failures", "longest"), [(1, 2), (2, 4), (4, 16), (5, 30), (6, 30), (100_000, 30)])
def test_waits_grow_to_half_a_minute_and_differ(failures: int, longest: float) -> None:
    rng = random.Random(1)
    waits = [retry_seconds(failures, rng) for _ in range(1000)]
    assert 1 <= min(waits) < 1.1
    assert longest * 0.95 < max(waits) <= longest

"""The pure parts of the bench: figures, due times, counts and tables."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import report
from benchmarks.figures import Figures, over_rounds, percentile, ratio
from benchmarks.load import summed_up
from benchmarks.pacing import bursts, steady
from benchmarks.rounds import turn
from benchmarks.server import Server
from benchmarks.stored import require_stored
from benchmarks.wrk import parse

ROUND = Figures(events=500, rate=100.0, p50=1.0, p99=2.0, p999=3.0, most=4.0, slow=0, errors=0)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert found == min(values) or sum(value < found for value in values) < share * len(values)


def test_rounds_give_medians_the_highest_maximum_and_totals() -> None:
    rounds = [
        ROUND,
        replace(ROUND, rate=300.0, p50=9.0, most=700.0, slow=2),
        replace(ROUND, rate=200.0, p99=8.0, errors=3),
    ]
    assert over_rounds(rounds) == Figures(
        events=1500, rate=200.0, p50=1.0, p99=2.0, p999=3.0, most=700.0, slow=2, errors=3
    )


def test_a_ratio_compares_round_by_round() -> None:
    ours = [replace(ROUND, rate=rate) for rate in (200.0, 20.0, 300.0)]
    theirs = [replace(ROUND, rate=rate) for rate in (100.0, 10.0, 100.0)]  # the machine was slow in round 2
    assert ratio(ours, theirs) == 2.0


def test_steady_requests_are_due_at_even_distances() -> None:
    assert steady(4, 1.5) == [0, 0.25, 0.5, 0.75, 1.0, 1.25]


def test_all_of_a_burst_is_due_at_once() -> None:
    assert bursts(2, 3, 5.0) == [0, 0, 0, 5.0, 5.0, 5.0]


def test_a_load_counts_late_and_missing_replies() -> None:
    found = summed_up([0.010, 0.020, 0.600], posted=5, seconds=1.5)
    assert (found.events, found.rate, found.slow, found.errors) == (3, 2.0, 1, 2)
    assert (found.p50, found.most) == pytest.approx((20.0, 600.0))


def test_wrks_figures_count_good_replies_only() -> None:
    line = (
        '{"seconds": 2.0, "replies": 110, "refusals": 10, "failures": 1, '
        '"p50_us": 1500, "p99_us": 2500, "p999_us": 3500, "max_us": 600000, "slow": 1}'
    )
    assert parse(f"Running 2s test\n{line}\n") == Figures(
        events=100, rate=50.0, p50=1.5, p99=2.5, p999=3.5, most=600.0, slow=1, errors=11
    )


@pytest.mark.parametrize("stored", [100, 108])
def test_what_was_cut_off_may_be_stored(stored: int) -> None:
    require_stored("a server", answered=100, stored=stored, cut_off=8)


@pytest.mark.parametrize("stored", [99, 109])
def test_lost_and_surplus_events_end_the_run(stored: int) -> None:
    with pytest.raises(RuntimeError, match=f"a server gave 100 good replies and stored {stored} events"):
        require_stored("a server", answered=100, stored=stored, cut_off=8)


def test_each_round_begins_with_another_server() -> None:
    lanes = [(Server(name, 1, 1), "json") for name in "abc"]
    orders = ["".join(server.name for server, _ in turn(lanes, number)) for number in range(4)]
    assert orders == ["abc", "bca", "cab", "abc"]


def test_figures_stand_under_their_headings() -> None:
    found = report.figures([replace(ROUND, rate=1234.4, most=12.34)])
    assert dict(zip(report.FIGURES, found, strict=True)) == {
        "events/s": "1,234",
        "p50 ms": "1.0",
        "p99 ms": "2.0",
        "p99.9 ms": "3.0",
        "max ms": "12.3",
        "> 500 ms": "0",
        "errors": "0",
    }


def test_a_section_follows_the_head() -> None:
    table = report.table(("a", "b"), [("1", "2")])
    page = report.head("2 cores", 5, 3) + report.section("One", "What it shows.", table)
    assert ": 2 cores. 5 rounds of 3 s for each server.\n" in page
    assert page.endswith("\n\n## One\n\nWhat it shows.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n")

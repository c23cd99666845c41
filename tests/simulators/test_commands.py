"""se3 simulate box and se3 simulate site, from their arguments to what they print."""

import re

import pytest
from click.testing import CliRunner, Result

from app.cli.main import se3
from tests.simulators.conftest import Server
from tests.support.waiting import wait_until


def simulate(*arguments: str) -> Result:
    return CliRunner().invoke(se3, ["simulate", *arguments])


def test_a_site_says_how_its_posts_went(server: Server) -> None:
    ended = simulate("site", server.url, "--sightings", "2", "--lost-replies", "0", "--seed", "3")
    assert ended.exit_code == 0
    assert "10 sightings by 5 boxes in 35 posts: 0 replies lost, 0 duplicates, 0 refused." in ended.output


def test_a_site_fails_if_a_post_was_refused(server: Server) -> None:
    server.first["/RealTimeEvent"] = [422, 422]
    ended = simulate("site", server.url, "--sightings", "2", "--lost-replies", "0")
    assert ended.exit_code == 1
    assert str(ended.exception) == "2 times: HTTP status 422"
    assert "2 refused." in ended.output


def test_a_box_posts_status_reports(server: Server) -> None:
    ended = simulate("box", server.url, "--kind", "status", "--count", "3")
    assert "3 of 3 accepted" in ended.output
    assert {server.requests.get_nowait()[0] for _ in range(3)} == {"/DeviceStatus"}


def test_history_with_lost_replies_ends_well(server: Server) -> None:
    ended = simulate("box", server.url, "--lost-replies", "0.5", "--count", "20", "--burst", "8")
    assert ended.exit_code == 0
    said = re.search(r"20 of 20 accepted, 0 duplicates, (\d+) replies lost, ", ended.output)
    assert said
    posts = 20 + int(said[1])
    wait_until(lambda: server.requests.qsize() == posts)  # a lost one may be under way


def test_real_time_with_lost_replies_ends_well_though_nothing_comes_again(server: Server) -> None:
    ended = simulate("box", server.url, "--lost-replies", "0.5", "--kind", "realtime", "--seed", "2")
    assert ended.exit_code == 0
    assert " of 10 accepted" in ended.output


@pytest.mark.parametrize("kind", ["realtime", "status"])
def test_only_history_comes_in_bursts(server: Server, kind: str) -> None:
    ended = simulate("box", server.url, "--kind", kind, "--burst", "2")
    assert ended.exit_code == 2
    assert "--burst is for history" in ended.output
    assert server.requests.empty()

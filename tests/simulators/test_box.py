import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from app.domain.events import Kind
from app.errors import Se3Error
from app.simulators.box import ENCODINGS, FORMS, STATUS, Box
from app.simulators.encodings import encode
from app.simulators.gate import Gate
from app.simulators.history import History
from tests.simulators.conftest import Server
from tests.support.ports import free_port
from tests.support.waiting import wait_until

MakeBox = Callable[..., Box]


@pytest.fixture
def make_box() -> Iterator[MakeBox]:
    boxes: list[Box] = []

    def make(*args: Any, **options: Any) -> Box:
        boxes.append(Box(*args, **options))
        return boxes[-1]

    yield make
    for box in boxes:
        box.close()


@pytest.mark.parametrize(
    ("given", "kind", "posted_to"),
    [
        ("", Kind.HISTORY, "/HistoryEvent"),
        ("/", Kind.REALTIME, "/RealTimeEvent"),
        ("?token=x", Kind.HISTORY, "/HistoryEvent?token=x"),
        ("", STATUS, "/DeviceStatus"),
        ("/SophonFogStatus", STATUS, "/SophonFogStatus"),
        ("/EventServer/api/HistoryEvent/?a=b", Kind.REALTIME, "/EventServer/api/HistoryEvent/?a=b"),
    ],
)
def test_a_bare_address_gets_the_contract_s_path(
    server: Server, make_box: MakeBox, given: str, kind: Any, posted_to: str
) -> None:
    make_box(server.url + given, kind=kind, timeout=10).post_one()
    assert server.requests.get_nowait()[0] == posted_to


@pytest.mark.parametrize("form", FORMS)
def test_every_form_can_be_posted(server: Server, make_box: MakeBox, form: str) -> None:
    result = make_box(server.url, form=form).post_one()
    assert (result.status, result.duplicate, result.reason) == (200, False, "")
    assert result.seconds > 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_arrives_with_its_own_headers(
    server: Server, make_box: MakeBox, encoding: str
) -> None:
    make_box(server.url, encoding=encoding).post_one()
    _, headers, _ = server.requests.get_nowait()
    sent = encode({"a": 1}, encoding)[1]
    media_type = (headers["Content-Type"] or "").partition(";")[0]
    assert media_type == sent.get("Content-Type", "").partition(";")[0]
    assert headers["Content-Encoding"] == sent.get("Content-Encoding")


def test_the_connection_is_kept(server: Server, make_box: MakeBox) -> None:
    list(make_box(server.url).run(5))
    assert (server.requests.qsize(), server.connections) == (5, 1)


def test_no_two_events_are_equal_and_each_is_later_than_the_one_before(make_box: MakeBox) -> None:
    box = make_box("http://127.0.0.1:9", people=1)
    times = [box.next_document()["timestamp"] for _ in range(200)]
    assert times == sorted(set(times))
    assert times[0] == pytest.approx(time.time() * 1000, abs=60_000)


def test_the_seed_decides_who_passes_and_which_box_it_is(make_box: MakeBox) -> None:
    def seen(seed: int) -> list[str]:
        box = make_box("http://127.0.0.1:9", seed=seed)
        events = [box.next_document() for _ in range(20)]
        return [event["identity_id"] + event["ext_data"]["ep_id"] for event in events]

    assert seen(1) == seen(1) != seen(2)


def test_people_says_how_many_different_ones_pass(make_box: MakeBox) -> None:
    box = make_box("http://127.0.0.1:9", people=3)
    assert len({box.next_document()["identity_id"] for _ in range(60)}) == 3


def test_both_copies_of_a_sighting_come_from_one_box(make_box: MakeBox) -> None:
    box = make_box("http://127.0.0.1:9", form="v5r7")
    sighting = box.gate.next_sighting()
    history, real_time = box.event(sighting, Kind.HISTORY), box.event(sighting, Kind.REALTIME)
    assert history["timestamp"] == real_time["timestamp"] == sighting.timestamp
    assert history["dev_sno"] == sighting.dev_sno
    assert history["ep_info"]["ep_ip"] == real_time["ext_data"]["device_ip"] == box.gate.device_ip


def test_a_duplicate_is_told(server: Server, make_box: MakeBox) -> None:
    server.reply = json.dumps({"status": 0, "data": {"id": "1", "duplicate": True}}).encode()
    assert make_box(server.url).post_one().duplicate


def test_the_same_event_can_be_posted_again(server: Server, make_box: MakeBox) -> None:
    box = make_box(server.url)
    event = box.next_document()
    box.post(event)
    box.post(event)
    first, second = (server.requests.get_nowait()[2] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("status", "reply", "reason"),
    [
        (422, b'{"title": "x", "detail": "score is missing"}', "score is missing"),
        (502, b"<html>", "HTTP status 502"),
        (302, b"", "HTTP status 302"),
    ],
)
def test_a_refusal_comes_with_its_reason(
    server: Server, make_box: MakeBox, status: int, reply: bytes, reason: str
) -> None:
    server.status, server.reply = status, reply
    result = make_box(server.url).post_one()
    assert (result.status, result.duplicate, result.reason) == (status, False, reason)
    assert server.requests.qsize() == 1


def test_a_refused_connection_is_a_result(make_box: MakeBox) -> None:
    result = make_box(f"http://127.0.0.1:{free_port()}").post_one()
    assert result.status is None
    assert "refused" in result.reason


def test_an_answer_that_does_not_come_is_a_result(make_box: MakeBox) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        result = make_box(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.1).post_one()
    assert result.status is None
    assert "timed out" in result.reason


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:9528", "ftp://host", "http://", "http://host:port", "http://[::1"]
)
def test_a_wrong_address_is_said_at_once(url: str) -> None:
    with pytest.raises(Se3Error, match="must look like"):
        Box(url)


def test_the_rate_is_kept(server: Server, make_box: MakeBox) -> None:
    started = time.monotonic()
    assert len(list(make_box(server.url).run(6, rate=20))) == 6
    assert time.monotonic() - started >= 5 / 20


def test_after_a_pause_the_box_catches_up(server: Server, make_box: MakeBox) -> None:
    results = make_box(server.url).run(4, rate=4)
    next(results)
    threading.Event().wait(3 / 4)  # whoever takes the results is busy
    started = time.monotonic()
    assert len(list(results)) == 3
    assert time.monotonic() - started < 3 / 4


def test_stop_ends_an_endless_run_at_once(server: Server, make_box: MakeBox) -> None:
    box = make_box(server.url)
    results = box.run(None, rate=0.001)
    next(results)
    threading.Timer(0.05, box.stop).start()
    assert list(results) == []


def times_posted(server: Server) -> list[int]:
    bodies = [server.requests.get_nowait()[2] for _ in range(server.requests.qsize())]
    return [json.loads(body)["timestamp"] for body in bodies]


def test_history_whose_reply_was_lost_is_posted_again_until_it_is_answered(
    server: Server, make_box: MakeBox
) -> None:
    results = list(make_box(server.url, lost_replies=0.5).run(40))
    lost = [result for result in results if result.lost]
    answered = [result for result in results if result.status == 200]
    assert (len(answered), len(lost)) == (40, len(results) - 40)
    assert 15 < len(lost) < 100
    wait_until(lambda: server.requests.qsize() == len(results))  # the last may have been lost
    posted = times_posted(server)
    assert len(set(posted)) == 40


def test_a_lost_reply_means_that_the_request_came_in_full(server: Server, make_box: MakeBox) -> None:
    box = make_box(server.url, lost_replies=1)
    document = box.next_document()
    assert box.post(document).lost
    path, headers, body = server.requests.get(timeout=15)
    assert (path, headers["Content-Type"]) == ("/HistoryEvent", "application/json")
    assert json.loads(body) == document


@pytest.mark.parametrize("kind", [Kind.REALTIME, STATUS])
def test_what_is_no_history_is_never_posted_again(server: Server, make_box: MakeBox, kind: Any) -> None:
    results = list(make_box(server.url, kind=kind, lost_replies=0.5, timeout=10).run(20))
    assert len(results) == 20
    assert 0 < sum(result.lost for result in results) < 20


def test_the_seed_decides_which_replies_are_lost(server: Server, make_box: MakeBox) -> None:
    def losses(seed: int) -> list[bool]:
        return [result.lost for result in make_box(server.url, seed=seed, lost_replies=0.3).run(20)]

    assert losses(1) == losses(1) != losses(2)


def test_a_receiver_that_is_away_is_no_lost_reply(make_box: MakeBox) -> None:
    box = make_box(f"http://127.0.0.1:{free_port()}", lost_replies=1)
    results = list(box.run(1))
    assert [(result.status, result.lost) for result in results] == [(None, False)]
    assert "refused" in results[0].reason


def test_in_bursts_events_happen_first_and_are_posted_later(server: Server, make_box: MakeBox) -> None:
    results = make_box(server.url).run(7, rate=100, burst=3)
    next(results)
    assert server.requests.qsize() == 1
    assert time.time() * 1000 - times_posted(server)[0] >= 20  # it waited for two more to happen
    assert len(list(results)) == 6


def test_a_round_holds_100_and_repeats_come_first() -> None:
    gate, history = Gate(), History()
    seen = [gate.next_sighting() for _ in range(250)]
    for sighting in seen:
        history.add(sighting)
    assert history.next_round() == seen[:100]
    for sighting in seen[3:5]:
        history.post_again(sighting)
    assert history.next_round() == seen[3:5] + seen[100:198]
    assert history.next_round() == seen[198:]
    assert (history.waiting, history.next_round()) == (0, [])
    history.rewind()
    assert history.waiting == 250
    assert history.next_round() == seen[:100]


def test_a_status_report_is_posted_as_often_as_asked(server: Server, make_box: MakeBox) -> None:
    box = make_box(server.url, kind=STATUS, form="v6r1")
    assert [result.status for result in box.run(2)] == [200, 200]
    reports = [json.loads(server.requests.get_nowait()[2]) for _ in range(2)]
    assert {report["mq_license_key"] for report in reports} == {box.gate.dev_sno}
    assert reports[0] != reports[1]

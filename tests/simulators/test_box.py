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
from app.simulators.box import ENCODINGS, FORMS, Box
from app.simulators.encodings import encode
from tests.simulators.conftest import Server
from tests.support.ports import free_port

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
        ("/EventServer/api/HistoryEvent/?a=b", Kind.REALTIME, "/EventServer/api/HistoryEvent/?a=b"),
    ],
)
def test_a_bare_address_gets_the_contract_s_path(
    server: Server, make_box: MakeBox, given: str, kind: Kind, posted_to: str
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
    times = [box.next_event()["timestamp"] for _ in range(200)]
    assert times == sorted(set(times))
    assert times[0] == pytest.approx(time.time() * 1000, abs=60_000)


def test_the_seed_decides_who_passes_and_which_box_it_is(make_box: MakeBox) -> None:
    def seen(seed: int) -> list[str]:
        box = make_box("http://127.0.0.1:9", seed=seed)
        events = [box.next_event() for _ in range(20)]
        return [event["identity_id"] + event["ext_data"]["ep_id"] for event in events]

    assert seen(1) == seen(1) != seen(2)


def test_people_says_how_many_different_ones_pass(make_box: MakeBox) -> None:
    box = make_box("http://127.0.0.1:9", people=3)
    assert len({box.next_event()["identity_id"] for _ in range(60)}) == 3


def test_a_duplicate_is_told(server: Server, make_box: MakeBox) -> None:
    server.reply = json.dumps({"status": 0, "data": {"id": "1", "duplicate": True}}).encode()
    assert make_box(server.url).post_one().duplicate


def test_the_same_event_can_be_posted_again(server: Server, make_box: MakeBox) -> None:
    box = make_box(server.url)
    event = box.next_event()
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

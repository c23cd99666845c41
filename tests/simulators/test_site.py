import gzip
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Callable
from email.message import Message

import pytest

from app.errors import Se3Error
from app.simulators import site_box
from app.simulators.seen import Sighting
from app.simulators.sightings import FORMS
from app.simulators.site import Site
from tests.simulators.conftest import Server
from tests.support.ports import free_port
from tests.support.waiting import wait_until

Key = tuple[str, int]
Request = tuple[str, Message, bytes]

_INFLATE: dict[str | None, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    None: bytes,
}
_TIME = re.compile(rb"(?<![_a-z])timestamp\W+(\d{13})")
_GATE = re.compile(rb"192\.168\.1\.\d+")


def key_in(request: Request) -> Key:
    """Find the gate and the time in an event, whatever its form and encoding."""
    _, headers, body = request
    text = _INFLATE[headers["Content-Encoding"]](body)
    time, gate = _TIME.search(text), _GATE.search(text)
    assert time
    assert gate
    return gate[0].decode(), int(time[1])


def key_of(sighting: Sighting) -> Key:
    return sighting.device_ip, sighting.timestamp


def requests_to(path: str, requests: list[Request]) -> list[Request]:
    return [request for request in requests if request[0] == path]


def test_every_copy_arrives_whatever_replies_are_lost(server: Server) -> None:
    result = Site(server.url, sightings=12, lost_replies=0.3, seed=1).run()
    wait_until(lambda: server.requests.qsize() == result.posts)  # the last may be under way
    requests = [server.requests.get_nowait() for _ in range(result.posts)]
    real_time, history = (requests_to(path, requests) for path in ("/RealTimeEvent", "/HistoryEvent"))
    seen = {key_of(sighting) for sighting in result.sightings}
    assert len(seen) == 12 * len(FORMS)
    assert Counter(map(key_in, real_time)) == dict.fromkeys(seen, 1)
    times = Counter(map(key_in, history))
    assert times.keys() == seen
    assert min(times.values()) == 2
    assert sum(times.values()) > 2 * len(seen)
    assert 0.2 < result.lost / result.posts < 0.4
    assert (result.duplicates, result.refused) == (0, ())
    labels = {(headers["Content-Type"], headers["Content-Encoding"]) for _, headers, _ in real_time + history}
    assert {"gzip", "deflate", None} == {label[1] for label in labels}
    assert len({(media_type or "").partition(";")[0] for media_type, _ in labels}) == 4
    gates = [key_in(request)[0] for request in real_time + history]
    assert sum(one != other for one, other in itertools.pairwise(gates)) > 2 * len(FORMS)  # all at once
    assert len(requests_to("/DeviceStatus", requests)) == 2 * len(FORMS)


def test_each_settled_post_is_told(server: Server) -> None:
    site, settled = Site(server.url, sightings=3, lost_replies=0.5), itertools.count()
    site.run(lambda: None if next(settled) < site.total else pytest.fail("too many"))
    assert next(settled) == site.total == 3 * 3 * len(FORMS)


def test_another_seed_is_another_site(server: Server) -> None:
    boxes = [
        {sighting.dev_sno for sighting in Site(server.url, sightings=1, seed=seed).run().sightings}
        for seed in (1, 1, 2)
    ]
    assert boxes[0] == boxes[1]
    assert boxes[0].isdisjoint(boxes[2])


def test_history_outlives_a_receiver_in_trouble(server: Server) -> None:
    server.first["/HistoryEvent"] = [503] * 30
    result = Site(server.url, sightings=4, lost_replies=0).run()
    assert result.refused == ()
    answered = result.posts - 4 * len(FORMS) - len(FORMS)  # real-time, reports
    assert answered == 30 + 2 * 4 * len(FORMS)


@pytest.mark.parametrize(
    ("path", "status"), [("/HistoryEvent", 422), ("/RealTimeEvent", 503), ("/DeviceStatus", 404)]
)
def test_a_refusal_is_counted_with_its_reason(server: Server, path: str, status: int) -> None:
    server.first[path] = [status]
    result = Site(server.url, sightings=2, lost_replies=0).run()
    assert result.refused == (f"HTTP status {status}",)


def test_duplicates_are_counted(server: Server) -> None:
    server.reply = b'{"status": 0, "data": {"duplicate": true}}'
    result = Site(server.url, sightings=2, lost_replies=0).run()
    assert result.duplicates == result.posts


def test_a_receiver_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(Se3Error, match="does not answer"):
        Site(f"http://127.0.0.1:{free_port()}").run()


def test_patience_with_a_receiver_in_trouble_ends(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_box, "_PATIENCE_SECONDS", 0.5)
    server.first["/HistoryEvent"] = [503] * 10_000
    with pytest.raises(Se3Error, match=r"took no history for .* HTTP status 503"):
        Site(server.url, sightings=2, lost_replies=0).run()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9528/HistoryEvent", "ftp://host"])
def test_a_site_needs_a_bare_address(url: str) -> None:
    with pytest.raises(Se3Error, match=r"has a path|must look like"):
        Site(url)

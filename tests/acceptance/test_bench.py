"""The bench's parts that run beside it: wrk's script, the paced client and the peers."""

import itertools
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from app.console.live.streams import MOST_STREAMS
from app.store import events, pictures
from app.store.database import Database
from app.store.queries import counts
from benchmarks import memory, node_red, servers, wrk
from benchmarks.bodies import Template
from benchmarks.connection import Connection
from benchmarks.filling import fill, middle_id
from benchmarks.load import post_when_due
from benchmarks.pacing import steady
from benchmarks.plan import Plan
from benchmarks.server import Server
from benchmarks.tables import growth, live, stages
from benchmarks.wrk import Wrk
from tests.support.ports import free_port
from tests.support.waiting import wait_until

ENCODINGS = ("json", "multipart", "urlencoded")
JSON_ONLY = (servers.fastapi_minimal, servers.flask_orm, node_red.node_red)
ANY_BODY = (servers.receiver, servers.vendor_style)

Start = Callable[[Path], AbstractContextManager[Server]]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_wrk_posts_what_the_template_makes(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = Template(encoding)
    monkeypatch.setattr(wrk, "Template", lambda _encoding: template)  # a multipart boundary is random
    found: list[bytes] = []
    with answering(lambda body: found.append(sha256(body).digest())) as port:
        figures = wrk.Wrk(tmp_path).post(port, encoding, 1)
    numbers = range(wrk.NUMBERS_A_RUN, wrk.NUMBERS_A_RUN + len(found) + wrk.CONNECTIONS)
    assert len(found) >= figures.events > 0
    assert figures.errors == 0
    assert len(set(found)) == len(found)
    assert set(found) <= {sha256(body_of(template.request(number))).digest() for number in numbers}


def test_a_server_that_stalls_makes_those_late_that_it_held_up() -> None:
    stalls = itertools.chain([0.4], itertools.repeat(0.0))
    request = Template("json").request(1)
    with answering(lambda _body: time.sleep(next(stalls))) as port:
        figures = post_when_due(port, lambda: request, steady(100, 1.0), connections=1)
    assert (figures.events, figures.errors) == (100, 0)
    assert figures.most >= 400
    assert figures.p99 > 300  # one reply took long; those that were due meanwhile are late too


@pytest.mark.parametrize(
    ("start", "encoding"),
    [(start, "json") for start in JSON_ONLY] + list(itertools.product(ANY_BODY, ENCODINGS)),
)
def test_a_server_that_is_compared_keeps_each_event_once(start: Start, encoding: str, tmp_path: Path) -> None:
    if start is node_red.node_red and not node_red.is_installed():
        pytest.skip("Node-RED is not installed; make bench installs it")
    template = Template(encoding)
    with start(tmp_path) as server, closing(Connection(server.port)) as connection:
        assert server.stored
        assert server.stored() == 0
        assert [connection.post(template.request(number))[0] for number in range(3)] == [200] * 3
        assert server.stored() == 3


def roles_of(pid: int) -> Counter[str]:
    """How many processes of each role there are by now."""
    return Counter(memory.role(usage.command) for usage in memory.usages(pid))


def test_the_receivers_processes_have_used_memory(tmp_path: Path) -> None:
    with servers.receiver(tmp_path) as receiver:
        wait_until(
            lambda: roles_of(receiver.pid) == {"gunicorn": 3, "write": 1}
        )  # the master and two workers
        found = list(memory.usages(receiver.pid))
    assert all(usage.most_megabytes >= usage.megabytes > 1 for usage in found)


@contextmanager
def answering(on_body: Callable[[bytes], object]) -> Iterator[int]:
    """A server that answers 200 once `on_body` has returned; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            on_body(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", free_port()), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def body_of(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def test_each_stage_of_an_event_takes_its_time(tmp_path: Path) -> None:
    plan = Plan(tmp_path, cast("Wrk", None), rounds=1, seconds=0)
    rows = [line.split(" | ") for line in stages.measure(plan).splitlines() if line.startswith("| ")]
    assert rows[0] == ["| stage", *ENCODINGS[:-1], f"{ENCODINGS[-1]} |"]
    assert len(rows) == 9
    for _, *times in rows[2:]:
        assert all(float(time.rstrip(" |")) > 0 for time in times)


def test_a_filled_database_is_one_that_the_receiver_works_with(tmp_path: Path) -> None:
    file = tmp_path / "receiver.db"
    fill(file, 300)
    with servers.receiver(tmp_path) as server, closing(Connection(server.port)) as connection:
        assert server.stored
        assert server.stored() == 300
        assert connection.post(Template("json").request(1))[0] == 200
        assert server.stored() == 301
    with closing(Database(f"sqlite:///{file}")) as database, database.read() as reading:
        assert (counts(reading).outbox["delivered"], counts(reading).waiting) == (300, 1)
        newest, *others = events.latest(reading, 50, middle_id(300))
        assert newest.timestamp == "1600000149000"
        assert len(others) == 49
        assert [use.field for use in pictures.uses_of(reading, newest.id)] == ["reg_pic", "spot_pic"]
        document = events.document_as_sent(reading, newest)
        assert document["reg_pic"]
        assert document["ext_data"]["spot_pic"]


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_growth_compares_an_empty_database_with_a_filled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "_EVENTS", 1000)
    monkeypatch.setattr(growth, "_CLAIMED", 5)
    monkeypatch.setattr(growth, "_SOAK_SECONDS", 2.0)
    monkeypatch.setattr(growth, "_SAMPLE_SECONDS", 1.4)
    lines = growth.measure(Plan(tmp_path, Wrk(tmp_path), rounds=1, seconds=1)).splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert rows[0][-2:] == ["1,000 events", "ratio"]
    roles = Counter(row[0].partition(" ")[0] for row in rows)
    assert (roles["gunicorn"], roles["write"]) == (3, 1)


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_live_pages_stream_or_poll_while_the_receiver_works(tmp_path: Path) -> None:
    lines = live.measure(Plan(tmp_path, Wrk(tmp_path), rounds=1, seconds=2.5)).splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert [row[0] for row in rows] == ["pages", "---", "0", "20"]
    assert all(row[-2] == "0" for row in rows[2:]), "the receiver failed"
    found = re.match(r"(\d+) of the pages had a stream; all got ([\d,]+) cards\.", lines[-1])
    assert found
    assert int(found[1]) == MOST_STREAMS
    assert int(found[2].replace(",", "")) >= 20

"""What a site relies on, through the real processes."""

import itertools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from app.simulators.enos.hub import Hub
from app.store import events
from app.store.database import Database
from tests.acceptance.conftest import SECRET, Product, relaying
from tests.support.encodings import as_json, as_multipart, as_urlencoded
from tests.support.mosquitto import Mosquitto
from tests.support.payloads import payload
from tests.support.waiting import wait_until

BROKEN_OFF, PARKED, BESIDE, KILLED = 1, 2, 3, 100_000
"""Numbers of the events of tests that share a site."""


@dataclass
class Site:
    """A running product and its EnOS, which tests share: each counts what it has added alone."""

    product: Product
    hub: Hub


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, shared_url: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    broker = Mosquitto(folder)
    try:
        broker.start()
        with Hub(broker.url) as hub, closing(Product(folder, relaying(shared_url, broker))) as product:
            yield Site(product, hub)
    finally:
        broker.stop()


@pytest.fixture
def fast_product(tmp_path: Path, database_url: str, mosquitto: Mosquitto) -> Iterator[Product]:
    """The product whose forwarder comes back soon: the real one waits for 35 s and more."""
    settings = relaying(database_url, mosquitto)
    run = [sys.executable, "-m", "tests.support.fast_run"]
    with closing(Product(tmp_path, settings, run)) as product:
        yield product


def kill_all(pid: int) -> None:
    """SIGKILL a process and all that it started, however deep."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(pid, signal.SIGKILL)
    for child in children:
        kill_all(int(child))


def numbered(number: int) -> dict[str, Any]:
    return payload("history-contract") | {"timestamp": 1_600_000_000_000 + number}


def healthy(product: Product) -> Any:
    """What `se3 status` says beside that its one forwarder is well, once it is."""
    found = product.status()
    return found if [one["state"] for one in found.pop("forwarders")] == ["healthy"] else None


def test_an_event_travels_from_a_box_to_enos_and_is_settled(product: Product, mosquitto: Mosquitto) -> None:
    with Hub(mosquitto.url) as hub:
        status, reply = product.post("/HistoryEvent", as_json(payload("history-v2r4")))
        assert status == 200
        assert hub.wait_for_events(1, timeout=15)
        product.wait_for_deliveries(1, timeout=15)
        found = wait_until(lambda: healthy(product))
    assert found == {
        "events": 1,
        "pictures": 3,
        "outbox": {"pending": 0, "claimed": 0, "delivered": 1, "parked": 0, "skipped": 0, "dropped": 0},
        "oldest_waiting_at": None,
        "quarantine": 0,
        "quarantine_dropped": 0,
        "replies_late": 0,
        "turned_away": 0,
        "warnings": 0,
        "boxes": 0,
        "spooled": 0,
    }
    assert json.loads(product.se3("events", "show", reply["data"]["id"], "--json")) == payload("history-v2r4")
    product.post("/HistoryEvent", as_json(payload("history-v2r4") | {"score": "not a number"}))
    log = product.program.output()
    assert "body_refused" in log
    assert payload("history-v2r4")["reg_pic"][:40] not in log
    assert SECRET not in log


def test_a_duplicate_is_one_in_every_encoding_across_processes(site: Site) -> None:
    product = site.product
    before = product.counts().events
    sent = payload("realtime-v2r4")

    def ids() -> set[str]:
        """Those that it is given in so many posts."""
        replies = [product.post("/RealTimeEvent", encode(sent)) for encode in encodings * 4]
        assert {status for status, _ in replies} == {200}
        return {reply["data"]["id"] for _, reply in replies}

    encodings = (as_json, as_multipart, as_urlencoded)
    wait_until(lambda: len(ids()) == 1)  # more, where a slow moment brings some into the spool
    assert product.counts().events == before + 1


def test_boxes_and_events_live_side_by_side(site: Site) -> None:
    product = site.product
    before = product.counts()
    for name in ("status-v2r4", "status-v6-system", "status-v6-devices"):
        status, reply = product.post("/SophonFogStatus", as_json(payload(name)))
        assert (status, reply) == (200, {"status": 0, "message": "SUCCESS"})
    assert product.post("/HistoryEvent", as_json(numbered(BESIDE)))[0] == 200
    found = product.counts()
    assert (found.boxes, found.events) == (2, before.events + 1)
    assert "device_changed" in product.program.output()


def test_an_outage_of_the_broker_loses_nothing(fast_product: Product, mosquitto: Mosquitto) -> None:
    product = fast_product
    with Hub(mosquitto.url) as hub:
        product.post("/HistoryEvent", as_json(numbered(0)))
        assert hub.wait_for_events(1, timeout=15)
        product.wait_for_deliveries(1, timeout=15)  # else its reply may be lost, and it rightly comes again
    mosquitto.stop()
    with ThreadPoolExecutor(8) as boxes:
        replies = list(
            boxes.map(lambda n: product.post("/HistoryEvent", as_json(numbered(n))), range(1, 1001))
        )
    assert {status for status, _ in replies} == {200}
    mosquitto.start()
    with Hub(mosquitto.url) as hub:
        product.wait_for_deliveries(1001, timeout=120)
        assert hub.refused == 0
        times = {element["time"] for element in hub.received}
        assert times >= {1_600_000_000_000 + number for number in range(1, 1001)}
    found = product.counts()
    assert found.events == 1001
    assert {state: number for state, number in found.outbox.items() if number} == {"delivered": 1001}


def test_what_was_acknowledged_survives_a_kill_of_everything(site: Site) -> None:
    product = site.product
    acknowledged: list[str] = []
    killed = threading.Event()

    def post_until_killed(first: int) -> None:
        for number in itertools.count(first, 8):
            try:
                status, reply = product.post("/HistoryEvent", as_json(numbered(KILLED + number)))
            except urllib3.exceptions.HTTPError:  # the receiver is gone
                return
            assert status == 200
            acknowledged.append(reply["data"]["id"])
            if len(acknowledged) > 100 and not killed.is_set():
                killed.set()
                kill_all(product.program.pid)

    with ThreadPoolExecutor(8) as boxes:
        list(boxes.map(post_until_killed, range(8)))
    product.restart()
    product.await_drained()
    with closing(Database(product.settings["DATABASE_URL"])) as database, database.read() as connection:
        stored = {str(event.id) for event in events.latest(connection, 100_000)}
    assert killed.is_set()
    assert set(acknowledged) <= stored


def test_a_refused_body_can_be_looked_at(site: Site) -> None:
    product = site.product
    before = product.counts().quarantine
    status, reply = product.post("/HistoryEvent", (b'{"identity_id": 5}', {}))
    assert status == 422
    assert product.counts().quarantine == before + 1
    assert product.se3("quarantine", "show", reply["quarantine"], "--body") == '{"identity_id": 5}'
    shown = product.se3("quarantine", "show", reply["quarantine"])
    assert all(error["detail"] in shown for error in reply["errors"])


def test_a_body_that_broke_off_is_no_event(site: Site) -> None:
    before = site.product.counts()
    body, _ = as_json(numbered(BROKEN_OFF))
    port = int(site.product.url.rpartition(":")[2])
    head = f"POST /HistoryEvent HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 2}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        reply = connection.makefile("rb").read()
    assert reply.startswith(b"HTTP/1.1 400")
    assert b"broke off" in reply
    found = site.product.counts()
    assert (found.quarantine, found.events) == (before.quarantine + 1, before.events)


@pytest.mark.parametrize("chunks", [b'5\r\n{"c":\r\n', b'5\r\n{"c":\r\nzz\r\n'])
def test_chunks_that_break_off_are_no_event_and_no_fault_of_ours(site: Site, chunks: bytes) -> None:
    head = b"POST /HistoryEvent HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    port = int(site.product.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head + chunks)
        connection.shutdown(socket.SHUT_WR)
        reply = connection.makefile("rb").read()
    assert reply.startswith(b"HTTP/1.1 400")
    assert b"broke off" in reply


def test_parked_deliveries_are_shown_and_sent_again(site: Site) -> None:
    product, hub = site.product, site.hub
    product.wait_for(lambda found: found.waiting == 0, timeout=60)  # what other tests posted
    hub.code = 1257
    product.post("/HistoryEvent", as_json(numbered(PARKED)))
    product.wait_for(lambda found: found.outbox["parked"] == 1)
    assert "1257" in product.se3("outbox", "list", "--state", "parked")
    hub.code = 200
    product.se3("outbox", "retry", "--parked", "--yes")
    product.wait_for(lambda found: found.outbox["parked"] == found.waiting == 0)
    assert 1_600_000_000_000 + PARKED in {element["time"] for element in hub.received}

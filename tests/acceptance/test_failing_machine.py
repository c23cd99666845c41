"""A machine that fails the receiver: what it acknowledged is there, and it goes on by itself afterwards."""

import itertools
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from app.config import ROOT
from app.simulators.encodings import encode
from app.simulators.enos.hub import Hub
from app.store.database import Database
from app.store.queries import counts
from tests.acceptance.conftest import SECRET, Product
from tests.support.encodings import as_json
from tests.support.mosquitto import Mosquitto
from tests.support.receivers import Receiver, event
from tests.support.small_disk import fail, fill, image_disk, make_image, memory_disk
from tests.support.waiting import wait_until

OTHER_CLOCK = ROOT / "tests" / "support" / "other_clock"
IS_LONG = "FAILING_MACHINE" in os.environ
OTHERS_SECONDS = 12.0 if IS_LONG else 1.0  # that another program holds the lock; SQLite waits for it 10 s


class Site:
    """A receiver on an SQLite file, and which events it acknowledged."""

    def __init__(self, folder: Path, file: Path, **settings: str) -> None:
        self.file = file
        self.receiver = Receiver(folder, f"sqlite:///{file}", **settings)
        self._numbers = itertools.count(1)
        self.acknowledged: set[int] = set()

    def post(self) -> tuple[int, Any]:
        """Post an event of its own; returns status and reply."""
        body, headers = encode(event(number := next(self._numbers)), "json")
        reply = self.receiver.http.request("POST", f"{self.receiver.url}/HistoryEvent", body, headers=headers)
        if reply.status == 200:
            self.acknowledged.add(number)
        return reply.status, reply.json()

    def readyz(self) -> tuple[int, list[str]]:
        """What it says of itself."""
        reply = self.receiver.http.request("GET", f"{self.receiver.url}/readyz")
        return reply.status, reply.json()["faults"]

    def post_until(self, status: int) -> Any:
        """Post until one gets this status; returns its reply."""
        replies: Iterator[tuple[int, Any]] = iter(self.post, None)
        return wait_until(lambda: next((reply for found, reply in [next(replies)] if found == status), None))

    def require_whole(self) -> None:
        """See that the file is sound and holds each event that was acknowledged."""
        with closing(sqlite3.connect(self.file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rows = connection.execute("SELECT timestamp FROM events").fetchall()
        assert self.acknowledged <= {int(timestamp) - 1_600_000_000_000 for (timestamp,) in rows}


@pytest.fixture
def site_on(tmp_path: Path, sqlite_url: str) -> Iterator[Callable[..., Site]]:
    """Start a site in a folder, on the database that is there, or on a fresh one."""
    with ExitStack() as stack:

        def start(folder: Path, **settings: str) -> Site:
            if not (file := folder / "site.db").exists():
                shutil.copy(sqlite_url.removeprefix("sqlite:///"), file)
                subprocess.run(["sync", file, folder], check=True)
            site = Site(tmp_path, file, **settings)
            stack.callback(site.receiver.program.kill)
            return site

        yield start


def test_a_full_disk_is_named_and_what_was_acknowledged_is_there(
    tmp_path: Path, site_on: Callable[..., Site]
) -> None:
    with memory_disk(folder := tmp_path / "disk", 24):
        site = site_on(folder, DISK_FLOOR_MB="8")
        assert site.post()[0] == 200
        assert site.readyz() == (200, [])
        (folder / "other").write_bytes(bytes(shutil.disk_usage(folder).free - 6 * 2**20))
        status, faults = site.readyz()  # before anything fails
        assert (status, site.post()[0]) == (503, 200)
        assert "DISK_FLOOR_MB" in faults[0]
        filler = fill(folder)
        reply = site.post_until(503)
        assert reply["detail"] == "The disk with the database is full."
        assert "nothing can be written beside the database: No space left on device" in site.readyz()[1]
        filler.unlink()
        site.post_until(200)
        (folder / "other").unlink()
        assert site.readyz() == (200, [])
        site.receiver.program.stop()
        site.require_whole()


def test_a_disk_that_gave_errors_is_named_and_goes_on_once_it_is_mounted_anew(
    tmp_path: Path, site_on: Callable[..., Site]
) -> None:
    make_image(image := tmp_path / "image", 24)
    with image_disk(image, folder := tmp_path / "disk"):
        site = site_on(folder)
        assert site.post()[0] == 200
        fail(folder)
        reply = site.post_until(503)
        assert reply["detail"].startswith("The disk with the database can't be written")
        assert site.readyz() == (503, ["nothing can be written beside the database: Read-only file system"])
        site.receiver.program.stop()
    with image_disk(image, folder):
        again = site_on(folder)
        again.acknowledged = site.acknowledged
        again.post_until(200)
        again.receiver.program.stop()
        again.require_whole()


def test_events_wait_for_a_program_that_holds_the_lock_and_those_that_came_late_are_counted(
    tmp_path: Path, site_on: Callable[..., Site]
) -> None:
    site = site_on(tmp_path)
    site.receiver.http.connection_pool_kw["timeout"] = 30.0
    assert site.post()[0] == 200
    with closing(sqlite3.connect(site.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        replies: list[tuple[int, Any]] = []
        boxes = [threading.Thread(target=lambda: replies.append(site.post())) for _ in range(5)]
        for box in boxes:
            box.start()
        boxes[0].join(OTHERS_SECONDS)
        assert site.readyz() == (200, [])
        other.execute("ROLLBACK")
    for box in boxes:
        box.join()
    refused = [reply["detail"] for status, reply in replies if status == 503]
    assert bool(refused) is IS_LONG
    assert all(detail.startswith("Another program has held the database locked") for detail in refused)
    site.post_until(200)
    site.require_whole()
    with closing(Database(f"sqlite:///{site.file}")) as database, database.read() as connection:
        assert counts(connection).replies_late > 0  # what another worker counts comes with its next event


def test_with_too_few_open_files_answers_are_right_or_503(
    tmp_path: Path, site_on: Callable[..., Site]
) -> None:
    site = site_on(tmp_path)
    assert site.post()[0] == 200
    workers = _children(site.receiver.program.pid)
    for pid in workers:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(list(Path(f"/proc/{pid}/fd").iterdir())) + 4,) * 2)
    host, port = site.receiver.address.split(":")
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
        outcomes = [_status_of(site) for _ in range(20)]
    assert set(outcomes) <= {200, 503}
    assert outcomes.count(200) > 5
    assert _children(site.receiver.program.pid) == workers  # none has died of it
    site.post_until(200)
    site.require_whole()


def _status_of(site: Site) -> int:
    return site.post()[0]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_clock_that_is_put_back_an_hour_holds_nothing_up(
    tmp_path: Path, sqlite_url: str, mosquitto: Mosquitto
) -> None:
    """Neither what is new, nor what is to be tried again, nor the channel."""
    clock = tmp_path / "clock"
    clock.write_text("0")
    settings = {
        "DATABASE_URL": sqlite_url,
        "ENOS_BROKER_URL": mosquitto.url,
        "ENOS_PRODUCT_KEY": "pk",
        "ENOS_PRODUCT_SECRET": SECRET,
        "OTHER_CLOCK": str(clock),
        "PYTHONPATH": f"{OTHER_CLOCK}:{ROOT}",
    }
    with Hub(mosquitto.url) as hub, closing(Product(tmp_path, settings)) as product:
        assert product.post("/HistoryEvent", as_json(event(1)))[0] == 200
        assert hub.wait_for_events(1, timeout=20)
        clock.write_text("-3600")
        for number in range(2, 6):
            assert product.post("/HistoryEvent", as_json(event(number)))[0] == 200
        assert hub.wait_for_events(5, timeout=30)
        product.wait_for_deliveries(5, timeout=30)

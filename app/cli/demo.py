"""se3 demo: the whole product at work on one machine, with simulated boxes, broker and EnOS."""

import os
import socket
import tempfile
import threading
from pathlib import Path

import click
import urllib3
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.cli.processes import FORWARDER, RECEIVER, Child, keep_running, stop_on_signals
from app.config import variables
from app.domain.events import Kind
from app.simulators.box import Box
from app.simulators.broker import EmbeddedBroker
from app.simulators.enos import Hub
from app.store.database import Database
from app.store.queries import counts
from app.store.schema import migrate

_RATE = 2.0  # events a second from each box
_LONGEST_START = urllib3.Retry(connect=100, backoff_factor=0.05, backoff_max=0.3)


@click.command()
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End after so long; else at Ctrl-C.")
def demo(seconds: float | None) -> None:
    """Show boxes, receiver, database, forwarder and EnOS at work, with live counts.

    Everything is simulated on this machine and kept in a folder that is deleted at the end.
    """
    stop = stop_on_signals()
    if seconds:
        threading.Timer(seconds, stop.set).start()
    with (
        tempfile.TemporaryDirectory(prefix="se3-demo-") as folder,
        EmbeddedBroker() as broker,
        Hub(broker.url) as hub,
    ):
        Demo(Path(folder), broker.url, hub).show(stop)


class Demo:
    """Two boxes, the product, and EnOS's answer to it."""

    def __init__(self, folder: Path, broker_url: str, hub: Hub) -> None:
        """`folder`: an empty one, for the database and the log."""
        self._hub = hub
        self._url = f"http://127.0.0.1:{_free_port()}"
        self._database = Database(f"sqlite:///{folder / 'demo.db'}")
        self._log = folder / "demo.log"
        self._accepted = 0
        self._environment = os.environ | {
            field.name.upper(): "" for field in variables()
        }  # nothing of the site's
        self._environment |= {
            "DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
            "RECEIVER_BIND": self._url.removeprefix("http://"),
            "ENOS_BROKER_URL": broker_url,
            "ENOS_PRODUCT_KEY": "demoProduct",
            "ENOS_PRODUCT_SECRET": "demoSecret",
        }

    def show(self, stop: threading.Event) -> None:
        """Run until `stop` is set, then say what came of it."""
        migrate(self._database)
        boxes = [
            Box(self._url, form="v2r4", encoding="json", kind=Kind.HISTORY, people=20, seed=1),
            Box(self._url, form="v5r3", encoding="multipart", kind=Kind.REALTIME, people=20, seed=2),
        ]
        threads = [threading.Thread(target=self._post, args=(box, stop)) for box in boxes]
        with self._log.open("wb") as log, Live(get_renderable=self._table, refresh_per_second=4) as live:
            children = [
                Child("receiver", RECEIVER, self._environment, log),
                Child("forwarder", FORWARDER, self._environment, log),
            ]
            for thread in threads:
                thread.start()
            keep_running(children, stop, live.refresh)
        for thread in threads:
            thread.join()
        self._database.close()

    def _post(self, box: Box, stop: threading.Event) -> None:
        urllib3.request("GET", f"{self._url}/readyz", retries=_LONGEST_START)
        for result in box.run(None, _RATE):
            self._accepted += result.status == 200
            if stop.is_set():
                return

    def _table(self) -> Table:
        with self._database.read() as connection:
            found = counts(connection)
        table = Table(title="SE3 demo · Ctrl-C ends it", title_justify="left")
        for heading in ("accepted from two boxes", "stored", "pictures", "waiting", "delivered to EnOS"):
            table.add_column(heading, justify="right")
        waiting = found.outbox["pending"] + found.outbox["claimed"]
        numbers = (self._accepted, found.events, found.pictures, waiting, found.outbox["delivered"])
        table.add_row(*(Text(str(number)) for number in numbers))
        table.caption = f"Boxes post to {self._url}"
        return table


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""se3 demo: the whole product at work on one machine, with simulated boxes, broker and EnOS."""

import os
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import click
import urllib3
from rich.live import Live
from rich.table import Table

from app.cli.processes import console, forwarder, free_port, keep_running, receiver, stop_on_signals
from app.cli.user import first_admin
from app.config import variables
from app.domain.events import Kind
from app.simulators.box import Box
from app.simulators.broker import EmbeddedBroker
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.strict_hub import StrictHub
from app.store.database import Database
from app.store.migration import migrate
from app.store.queries import Counts, counts
from app.telemetry.metrics_folder import metrics_folder

_PRODUCT, _SECRET = "demoProduct", "demoSecret"
_RATE = 2.0  # events a second from each box
_FINISH_SECONDS = 5.0  # for what was posted last to reach EnOS
_PLAIN_SECONDS = 2.0  # between lines where there is no terminal to draw on
_UNTIL_READY = urllib3.Retry(total=200, backoff_factor=0.05, backoff_max=0.3)


@click.command()
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End after so long; else at Ctrl-C.")
def demo(seconds: float | None) -> None:
    """Show boxes, receiver, database, forwarder and EnOS at work, with live counts.

    Everything is simulated on this machine and kept in a folder that is deleted at the end.
    """
    stop = stop_on_signals()
    if seconds:
        timer = threading.Timer(seconds, stop.set)
        timer.daemon = True
        timer.start()
    with (
        tempfile.TemporaryDirectory(prefix="se3-demo-") as folder,
        EmbeddedBroker() as broker,
        StrictHub(broker.url, Rules({_PRODUCT: _SECRET})) as hub,
    ):
        database_url = f"sqlite:///{Path(folder) / 'demo.db'}"
        with closing(Database(database_url)) as database:
            migrate(database)
            console_bind = f"127.0.0.1:{free_port()}"
            click.echo(f"Look at http://{console_bind} as admin; the password: {first_admin(database)}")
            closing_line = Demo(database, f"http://127.0.0.1:{free_port()}", console_bind).run(
                stop, _environment(database_url, hub.url), Path(folder) / "demo.log"
            )
    click.echo(f"Ended: {closing_line}. All of it was deleted.")


class Demo:
    """Two boxes and the product, watched through its database."""

    def __init__(self, database: Database, url: str, console_bind: str) -> None:
        """`url`: where the receiver will listen; `console_bind`: where the console will."""
        self._database = database
        self._console_bind = console_bind
        self._url = url
        self._accepted = 0
        self._boxes = [
            Box(url, form="v2r4", encoding="json", kind=Kind.HISTORY, people=20, seed=1),
            Box(url, form="v5r3", encoding="multipart", kind=Kind.REALTIME, people=20, seed=2),
        ]
        self._posting = [threading.Thread(target=self._post, args=(box,), daemon=True) for box in self._boxes]
        self._ready, self._done = threading.Event(), threading.Event()
        self._next_line = 0.0
        self._finish_by = 0.0

    def run(self, stop: threading.Event, environment: dict[str, str], log_path: Path) -> str:
        """Run until `stop` is set and what was posted has reached EnOS; returns in words what came of it."""
        environment |= {"RECEIVER_BIND": self._url.removeprefix("http://")}
        with log_path.open("wb") as log, Live(auto_refresh=False) as live, metrics_folder() as folder:
            environment |= folder
            for thread in self._posting:
                thread.start()
            children = [
                receiver(environment, log),
                forwarder(environment, log),
                console(self._console_bind, environment, log),
            ]
            try:
                keep_running(children, self._done, lambda: self._look(live, stop))
            finally:
                for box in self._boxes:
                    box.stop()
        return self._line()

    def _post(self, box: Box) -> None:
        urllib3.request("GET", f"{self._url}/readyz", retries=_UNTIL_READY)
        self._ready.set()
        for result in box.run(None, _RATE):
            self._accepted += result.status == 200

    def _look(self, live: Live, stop: threading.Event) -> None:
        if live.console.is_terminal:
            live.update(self._table(), refresh=True)
        elif self._ready.is_set() and time.monotonic() > self._next_line:
            click.echo(self._line())
            self._next_line = time.monotonic() + _PLAIN_SECONDS
        if stop.is_set():
            self._finish()

    def _finish(self) -> None:
        """Let what was posted last reach EnOS before everything ends."""
        self._finish_by = self._finish_by or time.monotonic() + _FINISH_SECONDS
        for box in self._boxes:
            box.stop()
        posting = any(thread.is_alive() for thread in self._posting)
        if (not posting and self._counts().waiting == 0) or time.monotonic() > self._finish_by:
            self._done.set()

    def _counts(self) -> Counts:
        with self._database.read() as connection:
            return counts(connection)

    def _line(self) -> str:
        found = self._counts()
        return (
            f"{self._accepted} accepted, {found.events} stored with {found.pictures} pictures,"
            f" {found.waiting} waiting, {found.outbox['delivered']} delivered to EnOS"
        )

    def _table(self) -> Table:
        found = self._counts()
        table = Table(title="SE3 demo: Ctrl-C ends it", title_justify="left")
        for heading in ("accepted from two boxes", "stored", "pictures", "waiting", "delivered to EnOS"):
            table.add_column(heading, justify="right")
        numbers = (self._accepted, found.events, found.pictures, found.waiting, found.outbox["delivered"])
        table.add_row(*map(str, numbers))
        table.caption = f"Boxes post to {self._url}"
        return table


def _environment(database_url: str, broker_url: str) -> dict[str, str]:
    unset = {field.name.upper(): "" for field in variables()}  # nothing of the site's own
    return {
        **os.environ,
        **unset,
        "DATABASE_URL": database_url,
        "ENOS_BROKER_URL": broker_url,
        "ENOS_PRODUCT_KEY": _PRODUCT,
        "ENOS_PRODUCT_SECRET": _SECRET,
    }

"""se3 listen: take the real-time events of boxes that serve them on a WebSocket."""

from contextlib import closing

import click

from app.cli.opening import open_store_or_spool
from app.cli.processes import stop_on_signals
from app.config import load_settings
from app.receiver.counting import Counting
from app.receiver.listener import listen as listen_until
from app.store.quarantine import bounds_of
from app.store.spool.drain import draining
from app.store.spool.spool import spool_of
from app.store.writer import Writer
from app.telemetry.logs import configure_logging
from app.telemetry.metrics import runs


@click.command()
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option(
    "--device", "devices", metavar="ID", multiple=True, help="Ask only for this device's events; repeatable."
)
def listen(urls: tuple[str, ...], devices: tuple[str, ...]) -> None:
    """Take the real-time events that boxes serve on WebSockets, until SIGTERM or Ctrl-C.

    URL is such as ws://192.168.1.50:5679. The database must have been migrated.
    """
    settings = load_settings()
    configure_logging(settings.log_format)
    stop = stop_on_signals()
    bounds, spool = bounds_of(settings), spool_of(settings)
    with open_store_or_spool() as database:
        writer = Writer(database, bounds, spool)
        runs("listener")
        with closing(writer), draining(database, bounds, spool):
            listen_until(urls, devices, settings, writer, Counting(database), stop)

"""se3 write: the writer process, which receivers start for themselves."""

import signal
import sys

import click

from app.cli.opening import open_store
from app.config import load_settings
from app.errors import StoreUnavailable
from app.store.batches import Batches
from app.store.quarantine import bounds_of
from app.store.writer_process import WriterProcess
from app.telemetry.logs import configure_logging


@click.command(hidden=True)
def write() -> None:
    """Write for all receiver processes of an SQLite database, until standard input is closed.

    The receiver starts this by itself; there is no need to.
    """
    configure_logging()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # systemd sends it to all: receivers have to finish first
    settings = load_settings()
    with open_store() as database:
        if database.sqlite_file is None:
            raise StoreUnavailable("PostgreSQL needs no writer process")
        WriterProcess(database.sqlite_file, Batches(database, bounds_of(settings))).serve(sys.stdin.buffer)

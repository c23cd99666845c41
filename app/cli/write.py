"""se3 write: the writer process, which receivers start for themselves."""

import signal
import sys
from contextlib import closing

import click

from app.cli.opening import open_store_or_spool
from app.config import load_settings
from app.large_blocks import give_back_large_blocks
from app.store.quarantine import bounds_of
from app.store.spool.drain import draining
from app.store.spool.sheltered_batches import batches_of
from app.store.spool.spool import spool_of
from app.store.writer_files import WriterFiles
from app.store.writer_process import WriterProcess
from app.telemetry.logs import configure_logging
from app.telemetry.metrics import COMMIT_SECONDS, runs


@click.command(hidden=True)
def write() -> None:
    """Write for all receiver processes of a database on this machine, until standard input is closed.

    The receiver starts this by itself; there is no need to.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # systemd sends it to all: receivers have to finish first
    settings = load_settings()
    configure_logging(settings.log_format)
    give_back_large_blocks()
    bounds, spool = bounds_of(settings), spool_of(settings)
    with open_store_or_spool() as database:
        runs("writer")
        batches = batches_of(database, bounds, spool, COMMIT_SECONDS.observe)
        with closing(batches), draining(database, bounds, spool):
            WriterProcess(WriterFiles(database).socket, batches).serve(sys.stdin.buffer)

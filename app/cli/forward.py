"""se3 forward: the forwarder alone."""

import threading

import click

from app.cli.opening import open_store
from app.cli.processes import stop_on_signals
from app.config import Settings, load_settings
from app.forwarder.forwarding import forward as forward_until
from app.store.database import Database
from app.store.removal.keeper import keep_retention
from app.store.removal.retention import retention_of
from app.telemetry.logs import configure_logging
from app.telemetry.metrics import runs


@click.command()
def forward() -> None:
    """Run the forwarder alone: relay stored events to EnOS until SIGTERM or Ctrl-C.

    It also removes what the RETENTION_ settings say is too old or too much.
    """
    settings = load_settings()
    configure_logging(settings.log_format)
    stop = stop_on_signals()
    with open_store():  # or say now that it can't be opened
        pass
    runs("forwarder")
    _start_retention(settings, stop)
    forward_until(settings, stop)


def _start_retention(settings: Settings, stop: threading.Event) -> None:
    """Start what removes old events; it may be cut off: each slice is removed whole or not at all."""
    retention = retention_of(settings)
    if retention.is_set:
        database = Database.of(settings)
        threading.Thread(
            target=keep_retention, args=(database, retention, stop), name="retention", daemon=True
        ).start()

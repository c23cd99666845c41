"""se3 forward: the forwarder alone."""

import click

from app.cli.opening import open_store
from app.cli.processes import stop_on_signals
from app.config import load_settings
from app.forwarder.forwarding import forward as forward_until
from app.telemetry.logs import configure_logging
from app.telemetry.metrics import runs


@click.command()
def forward() -> None:
    """Run the forwarder alone: relay stored events to EnOS until SIGTERM or Ctrl-C."""
    settings = load_settings()
    configure_logging(settings.log_format)
    stop = stop_on_signals()
    with open_store():  # or say now that it can't be opened
        pass
    runs("forwarder")
    forward_until(settings, stop)

"""se3 run and migrate: what a site starts."""

import os
import socket
from contextlib import closing

import click

from app.built_in_paths import HISTORY_PATHS, REALTIME_PATHS, STATUS_PATHS
from app.cli.processes import console, forwarder, keep_running, receiver, stop_on_signals
from app.cli.user import first_admin
from app.config import Settings, load_settings
from app.enos.setup import load_setup
from app.store.database import Database
from app.store.migration import migrate as migrate_database
from app.telemetry.logs import configure_logging
from app.telemetry.metrics_folder import metrics_folder


@click.command()
def run() -> None:
    """Run receiver, forwarder and console together; Ctrl-C stops them in order.

    Creates or upgrades the database first. At the very first start the console gets a user, admin, whose
    password is printed, once. Words for people go to standard output, log lines to standard error.
    """
    settings = load_settings()
    configure_logging(settings.log_format)
    load_setup(settings)
    _migrate(settings)
    click.echo(_addresses(settings))
    click.echo(f"Look at events here:\n  http://{_reachable(settings.console_bind)}")
    _add_first_admin(settings)
    with metrics_folder() as folder:
        environment = {**os.environ, **folder}
        children = [
            receiver(environment),
            forwarder(environment),
            console(settings.console_bind, environment),
        ]
        keep_running(children, stop_on_signals())


@click.command()
def migrate() -> None:
    """Create the database's tables, or upgrade them to this version."""
    settings = load_settings()
    configure_logging(settings.log_format)
    click.echo(f"The database has schema {_migrate(settings)}.", err=True)


def _migrate(settings: Settings) -> str:
    database = Database(settings.database_url)
    try:
        return migrate_database(database)
    finally:
        database.close()


def _add_first_admin(settings: Settings) -> None:
    with closing(Database(settings.database_url)) as database:
        if password := first_admin(database):
            click.echo(f"Log in there as admin with this password, and choose another: {password}")


def _addresses(settings: Settings) -> str:
    address = _reachable(settings.receiver_bind)
    lines = [f"  http://{address}{path}" for path in (HISTORY_PATHS[0], REALTIME_PATHS[0], STATUS_PATHS[0])]
    return "Type these addresses into the box:\n" + "\n".join(lines)


def _reachable(bind: str) -> str:
    """Address and port by which others reach what listens on `bind`."""
    host, _, port = bind.rpartition(":")
    anywhere = host in ("0.0.0.0", "[::]")  # noqa: S104 - compared, not bound
    return f"{_own_address() if anywhere else host}:{port}"


def _own_address() -> str:
    """This machine's address on the network that leads outside; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])

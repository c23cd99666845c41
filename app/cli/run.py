"""se3 run and migrate: what a site starts."""

import os
import threading
import time
from contextlib import closing

import click
import structlog

from app.cli.processes import console, forwarder, keep_running, receiver, stop_on_signals
from app.cli.user import first_admin
from app.config import Settings, load_settings
from app.enos.setup import load_setup
from app.errors import StoreUnavailable, WrongSchema
from app.receiver.addresses import box_addresses, reachable, scheme
from app.store.database import Database
from app.store.migration import migrate as migrate_database
from app.store.spool.spool import spool_of
from app.telemetry.logs import configure_logging
from app.telemetry.metrics_folder import metrics_folder

_MIGRATE_AGAIN_SECONDS = 5.0

log = structlog.get_logger(__name__)


@click.command()
def run() -> None:
    """Run receiver, forwarder and console together; Ctrl-C stops them in order.

    Creates or upgrades the database first. At the very first start the console gets a user, admin, whose
    password is printed, once. Words for people go to standard output, log lines to standard error.
    """
    settings = load_settings()
    configure_logging(settings.log_format)
    load_setup(settings)
    is_there = _migrate_or_wait(settings)
    click.echo(addresses(settings))
    click.echo(f"Look at events here:\n  {scheme()}://{reachable(settings.console_bind)[0]}")
    if is_there:
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


def _migrate_or_wait(settings: Settings) -> bool:
    """Migrate the database; where it is away and a spool takes events meanwhile, once it is back.

    Returns whether it was there.
    """
    try:
        _migrate(settings)
    except WrongSchema:
        raise
    except StoreUnavailable as error:
        if spool_of(settings) is None:
            raise
        log.error("database_away", spool=str(settings.spool_path), reason=str(error))
        click.echo(f"{error}\nEvents are taken all the same; they wait in {settings.spool_path}.")
        threading.Thread(target=_migrate_once_back, args=(settings,), daemon=True).start()
        return False
    return True


def _migrate_once_back(settings: Settings) -> None:
    said = ""
    while True:
        time.sleep(_MIGRATE_AGAIN_SECONDS)
        try:
            _migrate(settings)
            _add_first_admin(settings)
            return
        except Exception as error:  # noqa: BLE001 - the receiver goes on with the spool meanwhile
            if str(error) != said:
                log.error("not_migrated", reason=str(error).partition("\n")[0])
            said = str(error)


def _migrate(settings: Settings) -> str:
    database = Database.of(settings)
    try:
        return migrate_database(database)
    finally:
        database.close()


def _add_first_admin(settings: Settings) -> None:
    with closing(Database.of(settings)) as database:
        if password := first_admin(database):
            click.echo(f"Log in there as admin with this password, and choose another: {password}")


def addresses(settings: Settings) -> str:
    """What to type into a box, in words: those by which others reach this machine first."""
    lines = ["Type these addresses into the box:"]
    lines += [f"  {address}" for address in next(iter(box_addresses(settings).values()))]
    if settings.receiver_proxies:
        lines.append("Boxes reach the receiver through the proxy: put its address in the place of PROXY.")
    if settings.receiver_keys:
        lines.append("Put one of the keys of RECEIVER_KEYS in the place of KEY.")
    return "\n".join(lines)

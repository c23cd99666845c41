"""se3 backup and se3 restore: the whole database as a file, and back."""

import os
import time
from contextlib import closing
from pathlib import Path

import click

from app.config import Settings, load_settings
from app.errors import StoreUnavailable
from app.store.backups.copies import back_up
from app.store.backups.copies import restore as put_back
from app.store.database import Database
from app.store.migration import migrate
from app.store.spool.spool import spooled

_FILE = click.Path(path_type=Path, dir_okay=False)
_NICE = 10  # boxes come first; pg_dump inherits it


@click.command()
@click.argument("file", type=_FILE)
def backup(file: Path) -> None:
    """Write the whole database, pictures included, into a new FILE while everything runs.

    It holds everything that was acknowledged before this began, except what then waited in a spool; if
    anything waited in this machine's, it says so. On SQLite it is a database file, on PostgreSQL an archive
    of pg_dump. Keep it as secret as the database: it shows faces.
    """
    os.nice(_NICE)
    began = time.monotonic()
    settings = load_settings()
    missing = _missing(settings)
    with closing(Database.of(settings)) as database:
        back_up(database, file)
    size = file.stat().st_size / 1e6
    click.echo(f"{file}: {size:,.1f} MB, whole and checked, in {time.monotonic() - began:.1f} s")
    if missing:
        click.echo(missing, err=True)


def _missing(settings: Settings) -> str:
    """What is to be said of what waits for the database, and may come too late; "" if nothing does."""
    file = settings.spool_path
    try:
        waiting = spooled(settings)
    except StoreUnavailable as error:
        return f"Whether events wait in {file} can't be told, `se3 doctor` says what to do: {error}"
    if not waiting.requests:
        return ""
    found = f"{waiting.requests} requests with {waiting.events} events waited in {file}"
    return f"{found} and may not be in it: back up again once `se3 status` shows no spool"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def restore(file: Path) -> None:
    """Put the backup FILE back where DATABASE_URL points to, and bring it to this version's schema.

    There must be no database yet, or an empty one. Events that were acknowledged after the backup are not in
    it; events that went to EnOS after it go there once more.
    """
    with closing(Database.of(load_settings())) as database:
        put_back(database, file)
        click.echo(f"Restored; the schema is {migrate(database)}. Start the receiver.")

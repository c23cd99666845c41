"""se3 pictures: the keys that encrypt pictures and refused bodies at rest."""

import base64
import os
import secrets
import sys
import tempfile
from pathlib import Path

import click

from app.cli.opening import open_store
from app.config import load_settings
from app.errors import Se3Error
from app.store.database import Database
from app.store.rekeying import TABLES, Rekeyed, Table, empty_log, events_with_text, rekey, rows_of
from app.store.spool.spool import spooled

_KEY_BYTES = 32


@click.group()
def pictures() -> None:
    """Encrypt pictures and refused bodies at rest."""


@pictures.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path | None) -> None:
    """Make a new key: print it, or put it in front of the keys in FILE.

    A new FILE can be read by its owner only. Name it in PICTURE_KEYS_FILE, and keep a copy of it apart from
    the backups: without it nobody can read the pictures.
    """
    made = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    if file is None:
        click.echo(made)
        return
    try:
        older = file.read_text() if file.exists() else ""
        _replace(file, f"{made}\n{older}")
    except OSError as error:
        raise Se3Error(f"{file} can't be written: {error}") from error
    click.echo(f"{file}: the new key stands first, {len(older.split())} older behind it.")


@pictures.command("rekey")
def rekey_all() -> None:
    """Bring all that is stored to the newest key of PICTURE_KEYS, or to plain where it begins with that.

    Everything else may run meanwhile. If it is stopped, the same command goes on. What waits in the spool
    keeps its key; the command says so.
    """
    settings = load_settings()
    with open_store() as database:
        done = {table.name: _rekey(database, table) for table in TABLES}
        is_emptied = empty_log(database)
        newest = database.keyring.newest_id
        plain = events_with_text(database) if newest else 0
    for name, result in done.items():
        click.echo(f"{result.changed} {name} changed, to {f'key {newest.hex()}' if newest else 'plain'}.")
    if plain:
        click.echo(f"Of {plain} events a picture stays readable, as text in their documents.")
    if not is_emptied:
        click.echo("The log beside the database still holds what was; do it again once less is read.")
    if waiting := spooled(settings).requests:
        click.echo(
            f"{waiting} requests wait in {settings.spool_path}, perhaps with older keys or in plain:"
            " keep the older keys until the spool is empty, then do it again."
        )
    if unread := sum(result.unread for result in done.values()):
        raise Se3Error(f"{unread} can't be decrypted and stay as they are; /readyz names the missing keys")


def _rekey(database: Database, table: Table) -> Rekeyed:
    with click.progressbar(length=rows_of(database, table), label=table.name, file=sys.stderr) as bar:
        try:
            return rekey(database, table, bar.update)
        except KeyboardInterrupt:
            raise Se3Error("stopped; the same command goes on") from None


def _replace(file: Path, text: str) -> None:
    """Write a file anew, all or nothing, for its owner alone."""
    descriptor, part = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as written:
            if file.exists():
                os.fchown(descriptor, file.stat().st_uid, file.stat().st_gid)
                os.fchmod(descriptor, file.stat().st_mode & 0o777)
            written.write(text)
            written.flush()
            os.fsync(descriptor)
        Path(part).rename(file)
    finally:
        Path(part).unlink(missing_ok=True)

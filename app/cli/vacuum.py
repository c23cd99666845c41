"""se3 vacuum: the room of what was removed is given back."""

import shutil
import sys

import click

from app.cli.asking import ask, yes_option
from app.cli.opening import open_store
from app.errors import Se3Error
from app.store.database import Database
from app.store.removal import space
from app.store.size import size_bytes
from app.store.writer_files import WriterFiles


@click.command()
@yes_option
def vacuum(yes: bool) -> None:
    """Give the room of what was removed back, as far as it is not needed again soon.

    SQLite's file gets shorter in small steps, while everything runs. A file that an earlier version made
    must be written anew once: stop the receiver for it. With PostgreSQL this is VACUUM, which keeps the room
    for new rows; its autovacuum does the same by itself.
    """
    with open_store() as database:
        before = _size(database)
        if database.sqlite_file is None:
            space.vacuum_tables(database)
        elif space.gives_back_by_steps(database):
            _by_steps(database)
        else:
            _rewrite(database, yes=yes)
        space.flush(database)
        click.echo(f"The database takes {_size(database) / 1e6:,.1f} MB; before, {before / 1e6:,.1f} MB.")


def _by_steps(database: Database) -> None:
    with click.progressbar(length=100, label="Giving back", file=sys.stderr) as bar:
        first: list[int] = []

        def tell(left: int) -> None:
            first.append(left)
            bar.update(max(0, 100 - 100 * left // max(1, first[0]) - bar.pos))

        space.give_back(database, kept_part=0.0, told=tell)


def _rewrite(database: Database, *, yes: bool) -> None:
    if WriterFiles(database).is_locked:
        raise Se3Error(
            "this file must be written anew once, so that it can get shorter: stop the receiver for it"
        )
    with database.read() as connection:
        used = space.used_bytes(database, connection)
    free = shutil.disk_usage(database.sqlite_file.parent).free if database.sqlite_file else 0
    if free < 2 * used:
        raise Se3Error(
            f"this takes {2 * used / 1e6:,.0f} MB of room meanwhile, and {free / 1e6:,.0f} MB are free"
        )
    ask(
        f"The file will be written anew, {used / 1e6:,.0f} MB of it; nothing else can be written meanwhile",
        yes=yes,
    )
    space.rewrite(database)


def _size(database: Database) -> int:
    with database.read() as connection:
        return size_bytes(database, connection)

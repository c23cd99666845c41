"""What most commands begin with: the store, checked, and ways to show it."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import click
from rich.cells import cell_len, set_cell_size

from app.config import load_settings
from app.domain.users import Actor
from app.errors import StoreUnavailable, WrongSchema
from app.store.database import Database
from app.store.schema import require_current
from app.store.spool.spool import spool_of


@contextmanager
def open_store() -> Iterator[Database]:
    """Open the database that the settings name.

    Raises:
        SettingsError: a setting is wrong.
        StoreUnavailable: the database can't be used, or has not been migrated.
    """
    database = Database.of(load_settings())
    try:
        require_current(database)
        yield database
    finally:
        database.close()


@contextmanager
def open_store_or_spool() -> Iterator[Database]:
    """Open the database to write into; it may be away where a spool takes what is written.

    Raises:
        SettingsError: a setting is wrong.
        StoreUnavailable: it can't be used and there is no spool, or it has not been migrated.
    """
    settings = load_settings()
    with closing(Database.of(settings)) as database:
        try:
            require_current(database)
        except WrongSchema:
            raise
        except StoreUnavailable:
            if spool_of(settings) is None:
                raise
        yield database


def at_the_terminal() -> Actor:
    """Whoever runs the command, as the audit log names them."""
    return Actor(f"uid {os.getuid()} at the terminal")


def show_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print rows under their headings, or a sentence where there are none; `title` is the plural noun.

    Nothing is cut, for ids get copied and lines get searched.
    """
    if not rows:
        click.echo(f"No {title}.")
        return
    lines = [columns, *rows]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [set_cell_size(text, width) for text, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def local_time(instant: datetime) -> str:
    """An instant in this machine's zone, to the second."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S}"


def zoned_time(instant: datetime) -> str:
    """The same with its zone, as it can be typed: 2026-11-22 08:00:00+01:00."""
    return instant.astimezone().isoformat(" ", "seconds")


def with_zone(heading: str, instants: Iterable[datetime]) -> str:
    """A heading, and in which zone `local_time` gives these below it; with summer time there may be two."""
    zones = " or ".join(sorted({zoned_time(instant)[-6:] for instant in instants}))
    return f"{heading} ({zones})" if zones else heading

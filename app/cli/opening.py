"""What most commands begin with: the store, checked, and ways to show it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from app.config import load_settings
from app.store.database import Database
from app.store.schema import require_current


@contextmanager
def open_store() -> Iterator[Database]:
    """Open the database that the settings name.

    Raises:
        SettingsError: a setting is wrong.
        StoreUnavailable: the database can't be used, or has not been migrated.
    """
    database = Database(load_settings().database_url)
    try:
        require_current(database)
        yield database
    finally:
        database.close()


def show_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print rows under their headings, or a sentence where there are none."""
    if not rows:
        click.echo(f"No {title}.")
        return
    table = Table(*columns, title=title.capitalize(), title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False).print(table)


def local_time(instant: datetime) -> str:
    """An instant in this machine's zone, to the second."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S}"

"""se3 boxes: which boxes are alive, what they say of themselves, and what changed."""

from datetime import UTC, datetime

import click

from app import jsontext
from app.cli.box_views import overview, show_box, show_changes, show_overviews
from app.cli.opening import open_store
from app.domain.texts import shown
from app.errors import Se3Error
from app.store import devices as store

_LATEST_CHANGES = 10  # how many of them `show` shows


@click.group()
def boxes() -> None:
    """Look at the boxes that report their status, and at their cameras; se3 box sets them up."""


@boxes.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for scripts.")
def list_boxes(as_json: bool) -> None:
    """List all boxes: online or not, last seen, version, temperature, disk, cameras."""
    with open_store() as database, database.read() as connection:
        found, cameras = store.boxes(connection), store.cameras(connection)
    now = datetime.now(UTC)
    overviews = [overview(box, [c for c in cameras if c.box_key == box.key], now) for box in found]
    if as_json:
        click.echo(jsontext.dump(overviews))
    else:
        show_overviews(overviews)


@boxes.command()
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print the last report as it was sent.")
def show(key: str, as_json: bool) -> None:
    """Show one box with all that it last said, its cameras, and what changed last."""
    with open_store() as database, database.read() as connection:
        box = store.box(connection, key)
        if box is None:
            raise _unknown(key)
        cameras = store.cameras(connection, key)
        changes = store.changes(connection, key, _LATEST_CHANGES)
    if as_json:
        click.echo(jsontext.dump(box.document))
    else:
        show_box(box, cameras, changes, datetime.now(UTC))


@boxes.command("changes")
@click.argument("key", required=False)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first."
)
def list_changes(key: str | None, limit: int) -> None:
    """List what changed of one box and its cameras, or of all."""
    with open_store() as database, database.read() as connection:
        if key is not None and store.box(connection, key) is None:
            raise _unknown(key)
        found = store.changes(connection, key, limit)
    show_changes(found)


@boxes.command()
@click.argument("key")
def forget(key: str) -> None:
    """Delete a box that is gone, with its cameras and changes.

    Its events stay. If it reports again, it is back.
    """
    with open_store() as database, database.write() as connection:
        if not store.forget(connection, key):
            raise _unknown(key)
    click.echo(f"Box {shown(key)} is forgotten.")


def _unknown(key: str) -> Se3Error:
    return Se3Error(f"there is no box {key}; `se3 boxes list` shows all")

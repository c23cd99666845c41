"""se3 status: how much there is of everything."""

import dataclasses

import click

from app import jsontext
from app.cli.opening import open_store
from app.store.queries import Counts, counts


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
def status(as_json: bool) -> None:
    """Count events, pictures, deliveries by state, refused bodies, events with warnings, and boxes."""
    with open_store() as database, database.read() as connection:
        found = counts(connection)
    click.echo(jsontext.dump(dataclasses.asdict(found)) if as_json else _lines(found))


def _lines(found: Counts) -> str:
    deliveries = ", ".join(f"{number} {state}" for state, number in found.outbox.items())
    return "\n".join(
        [
            f"events      {found.events}",
            f"pictures    {found.pictures}",
            f"deliveries  {deliveries}",
            f"refused     {found.quarantine}, and {found.quarantine_dropped} dropped to hold the bounds",
            f"warnings    {found.warnings} events",
            f"boxes       {found.boxes}",
        ]
    )

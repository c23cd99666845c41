"""se3 quarantine: the bodies that were refused, and why."""

import sys
from uuid import UUID

import click

from app.cli.admit import admit, discard
from app.cli.opening import local_time, open_store, show_table
from app.domain.refusals import Quarantined
from app.errors import Se3Error
from app.store import quarantine as store


@click.group()
def quarantine() -> None:
    """Look at the bodies that were refused, and take or discard them."""


quarantine.add_command(admit)
quarantine.add_command(discard)


@quarantine.command("list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first."
)
@click.option("--status", type=click.IntRange(400, 599), help="Only those with this status.")
def list_refused(limit: int, status: int | None) -> None:
    """List the refused bodies that came last."""
    with open_store() as database, database.read() as connection:
        found = store.listed(connection, limit, status)
    show_table(
        "refused bodies",
        ["id", "last received", "times", "status", "came to", "from", "bytes", "reasons"],
        [_row(q) for q in found],
    )


@quarantine.command()
@click.argument("quarantine_id", metavar="ID", type=click.UUID)
@click.option("--body", "body_only", is_flag=True, help="Write the body as it came, and nothing else.")
def show(quarantine_id: UUID, body_only: bool) -> None:
    """Show why a body was refused, or the body itself."""
    with open_store() as database, database.read() as connection:
        found = store.get(connection, quarantine_id)
    if found is None:
        raise Se3Error(f"there is no refused body {quarantine_id}; `se3 quarantine list` shows the newest")
    refused, body = found
    if body_only:
        sys.stdout.buffer.write(body)
    else:
        _show(refused)


def _row(refused: Quarantined) -> list[str]:
    return [
        str(refused.id),
        local_time(refused.last_received_at),
        str(refused.times),
        str(refused.status),
        f"{refused.method} {refused.route}",
        refused.source_address,
        str(refused.size),
        "; ".join(refused.reasons),
    ]


def _show(refused: Quarantined) -> None:
    known = {
        "id": refused.id,
        "came to": f"{refused.method} {refused.route} from {refused.source_address}",
        "first at": local_time(refused.first_received_at),
        "last at": local_time(refused.last_received_at),
        "times": refused.times,
        "content type": refused.content_type or "none",
        "size": f"{refused.size} bytes",
        "status": refused.status,
    }
    for name, value in known.items():
        click.echo(f"{name:<14}{value}")
    for reason in refused.reasons:
        click.echo(f"{'reason':<14}{reason}")

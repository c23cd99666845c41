"""se3 quarantine: the bodies that were refused, and why."""

import sys
from typing import BinaryIO
from uuid import UUID

import click

from app.cli.opening import local_time, open_store, show_table
from app.config import Settings, load_settings
from app.domain.devices import StatusReport
from app.domain.events import Kind, Recorded
from app.domain.refusals import Quarantined
from app.domain.texts import shown as shown_text
from app.errors import Se3Error, StoreUnavailable
from app.receiver.admission import Admission
from app.receiver.admission import admit as admit_body
from app.receiver.paths import STATUS
from app.store import quarantine as store
from app.store.database import Database


@click.group()
def quarantine() -> None:
    """Look at the bodies that were refused, and take or discard them."""


@quarantine.command("list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first."
)
def list_refused(limit: int) -> None:
    """List the refused bodies that came last."""
    with open_store() as database, database.read() as connection:
        found = store.listed(connection, limit)
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


@quarantine.command()
@click.argument("quarantine_ids", metavar="[ID]...", type=click.UUID, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All refused bodies, the oldest first.")
@click.option("--status", type=click.IntRange(400, 599), help="With --all: only those with this status.")
@click.option("--kind", type=click.Choice([*Kind, STATUS]), help="What they hold, if the path does not tell.")
@click.option("--body", type=click.File("rb"), help="Take this corrected body in place of the kept one.")
def admit(
    quarantine_ids: tuple[UUID, ...],
    everything: bool,
    status: int | None,
    kind: str | None,
    body: BinaryIO | None,
) -> None:
    """Read refused bodies anew, after a setting changed or with a corrected body.

    What is accepted becomes events, as of when it first came, and leaves the quarantine.
    """
    if body and len(quarantine_ids) != 1:
        raise click.UsageError("--body takes the place of one body: name its ID")
    settings, admission = (
        load_settings(),
        Admission(Kind(kind) if kind else None, body.read() if body else None),
    )
    with open_store() as database:
        chosen = _chosen(database, quarantine_ids, everything, status)
        refused = [q for q in chosen if not _admit(database, settings, q, admission)]
    click.echo(f"{len(chosen) - len(refused)} admitted, {len(refused)} still refused.")
    if refused:
        raise Se3Error("the bodies named above stay in the quarantine")


@quarantine.command()
@click.argument("quarantine_ids", metavar="[ID]...", type=click.UUID, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All refused bodies.")
@click.option("--status", type=click.IntRange(400, 599), help="With --all: only those with this status.")
def discard(quarantine_ids: tuple[UUID, ...], everything: bool, status: int | None) -> None:
    """Delete refused bodies for good."""
    with open_store() as database:
        chosen = _chosen(database, quarantine_ids, everything, status)
        with database.write() as connection:
            deleted = store.remove(connection, chosen)
    click.echo(f"{deleted} deleted.")
    if deleted < len(chosen):
        raise Se3Error(f"{len(chosen) - deleted} of these bodies were not there")


def _chosen(
    database: Database, quarantine_ids: tuple[UUID, ...], everything: bool, status: int | None
) -> list[UUID]:
    if bool(quarantine_ids) == everything or (status and not everything):
        raise click.UsageError("name the ids of refused bodies, or say --all")
    if quarantine_ids:
        return list(quarantine_ids)
    with database.read() as connection:
        return store.ids(connection, status)


def _admit(database: Database, settings: Settings, quarantine_id: UUID, admission: Admission) -> bool:
    """Admit one body, or say why it is still refused."""
    try:
        recorded = admit_body(database, settings, quarantine_id, admission)
    except StoreUnavailable:
        raise
    except Se3Error as error:
        click.echo(f"{quarantine_id}  {error}", err=True)
        return False
    for item in recorded:
        click.echo(f"{quarantine_id}  {_outcome(item)}")
    return True


def _outcome(item: Recorded | StatusReport) -> str:
    if isinstance(item, StatusReport):
        return f"was a status report of box {shown_text(item.key)}"
    return f"{'duplicate of' if item.duplicate else 'became'} event {item.id}"


def _row(refused: Quarantined) -> list[str]:
    return [
        str(refused.id),
        local_time(refused.last_received_at),
        str(refused.times),
        str(refused.status),
        f"{refused.method} {refused.route}",
        refused.source_address,
        str(refused.size),
        "; ".join(_reasons(refused)),
    ]


def _show(refused: Quarantined) -> None:
    known = {
        "id": refused.id,
        "came to": f"{refused.method} {refused.route} from {refused.source_address}",
        "first at": local_time(refused.first_received_at),
        "last at": f"{local_time(refused.last_received_at)}, {refused.times} times in all",
        "content type": refused.content_type or "none",
        "size": f"{refused.size} bytes",
        "status": refused.status,
    }
    for name, value in known.items():
        click.echo(f"{name:<14}{value}")
    for reason in _reasons(refused):
        click.echo(f"{'reason':<14}{reason}")


def _reasons(refused: Quarantined) -> list[str]:
    return [f"{problem['pointer'].lstrip('/')} {problem['detail']}".strip() for problem in refused.problems]

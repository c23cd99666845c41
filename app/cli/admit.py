"""se3 quarantine admit and discard: what becomes of refused bodies."""

from typing import BinaryIO
from uuid import UUID

import click

from app.cli.opening import open_store
from app.config import Settings, load_settings
from app.domain.devices import StatusReport
from app.domain.events import Kind, Recorded
from app.domain.texts import shown
from app.errors import Se3Error, StoreUnavailable
from app.receiver.admission import Admission
from app.receiver.admission import admit as admit_body
from app.receiver.paths import STATUS, Report
from app.store import quarantine as store
from app.store.database import Database

_KINDS = click.Choice([*(kind.value for kind in Kind), STATUS])


@click.command()
@click.argument("quarantine_ids", metavar="[ID]...", type=click.UUID, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All refused bodies, the oldest first.")
@click.option("--status", type=click.IntRange(400, 599), help="With --all: only those with this status.")
@click.option(
    "--kind",
    type=click.Choice([*(kind.value for kind in Kind), STATUS]),
    help="What they hold, if the path does not tell.",
)
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
    settings = load_settings()
    admission = Admission(_holds(kind), body.read() if body else None)
    with open_store() as database:
        chosen = _chosen(database, quarantine_ids, everything, status)
        refused = [q for q in chosen if not _admit(database, settings, q, admission)]
    click.echo(f"{len(chosen) - len(refused)} admitted, {len(refused)} still refused.")
    if refused:
        raise Se3Error("the bodies named above stay in the quarantine")


@click.command()
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
        raise Se3Error(f"not there: {len(chosen) - deleted} of {len(chosen)}")


def _holds(kind: str | None) -> Report | None:
    if kind is None or kind == STATUS:
        return STATUS if kind else None
    return Kind(kind)


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
    except Exception as error:  # noqa: BLE001 - those behind it are admitted all the same
        click.echo(f"{quarantine_id}  this program fails on it: {type(error).__name__}; report it", err=True)
        return False
    for item in recorded:
        click.echo(f"{quarantine_id}  {_outcome(item)}")
    return True


def _outcome(item: Recorded | StatusReport) -> str:
    if isinstance(item, StatusReport):
        return f"was a status report of box {shown(item.key)}"
    return f"{'duplicate of' if item.duplicate else 'became'} event {item.id}"

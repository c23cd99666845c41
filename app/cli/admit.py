"""se3 quarantine admit and discard: what becomes of refused bodies."""

from typing import BinaryIO
from uuid import UUID

import click

from app.cli.opening import at_the_terminal, open_store
from app.config import load_settings
from app.domain.devices import StatusReport
from app.domain.events import Kind, Recorded
from app.domain.texts import shown
from app.errors import Se3Error
from app.receiver.paths import STATUS, Report
from app.receiver.refused import admission as bodies
from app.receiver.refused.admission import Admission, Outcome
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
    admission = Admission(at_the_terminal(), _holds(kind), body.read() if body else None)
    with open_store() as database:
        chosen = _chosen(database, quarantine_ids, everything, status)
        outcomes = bodies.admit_each(database, settings, chosen, admission)
        refused = sum(_tell(outcome) for outcome in outcomes)
    click.echo(f"{len(chosen) - refused} admitted, {refused} still refused.")
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
        deleted = bodies.discard(database, chosen, at_the_terminal())
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


def _tell(outcome: Outcome) -> bool:
    """Say what became of a body; returns whether it is still refused."""
    for item in outcome.recorded:
        click.echo(f"{outcome.quarantine_id}  {_outcome(item)}")
    if outcome.fault:
        click.echo(f"{outcome.quarantine_id}  {outcome.fault}", err=True)
    return outcome.fault is not None


def _outcome(item: Recorded | StatusReport) -> str:
    if isinstance(item, StatusReport):
        return f"was a status report of box {shown(item.key)}"
    return f"{'duplicate of' if item.duplicate else 'became'} event {item.id}"

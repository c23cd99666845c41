"""se3 outbox: what EnOS has yet to get, and what it refused."""

from datetime import UTC, datetime

import click

from app.cli.opening import local_time, open_store, show_table
from app.domain.delivery import DeliveryState
from app.errors import Se3Error
from app.store import outbox as store


@click.group()
def outbox() -> None:
    """Look at and repeat the deliveries to EnOS."""


@outbox.command("list")
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only this state.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first."
)
def list_deliveries(state: str | None, limit: int) -> None:
    """List deliveries, with what EnOS last said of each."""
    with open_store() as database, database.read() as connection:
        found = store.listed(connection, DeliveryState(state) if state else None, limit)
    show_table(
        "deliveries",
        ["id", "event", "state", "attempts", "due or settled", "code", "reason"],
        [_row(d) for d in found],
    )


@outbox.command()
@click.argument("ids", metavar="[ID]...", type=click.IntRange(1, 2**63 - 1), nargs=-1)
@click.option("--parked", is_flag=True, help="All that are parked.")
@click.option("--skipped", is_flag=True, help="All that ENOS_EVENTS kept from EnOS; change it first.")
def retry(ids: tuple[int, ...], parked: bool, skipped: bool) -> None:
    """Send these deliveries again now, or all that are parked or skipped."""
    if [bool(ids), parked, skipped].count(True) != 1:
        raise click.UsageError("name the ids of deliveries, or say --parked or --skipped")
    chosen = ids or (DeliveryState.PARKED if parked else DeliveryState.SKIPPED)
    with open_store() as database, database.write() as connection:
        changed = store.retry(connection, datetime.now(UTC), chosen)
    if len(ids) > changed:
        raise Se3Error(
            f"{changed} of {len(ids)} will be sent again; only pending, parked and skipped deliveries can be"
        )
    click.echo(f"{changed} will be sent again{', as far as ENOS_EVENTS allows' if skipped else ''}.")


def _row(delivery: store.Delivery) -> list[str]:
    return [
        str(delivery.id),
        str(delivery.event_id),
        delivery.state,
        str(delivery.attempts),
        _when(delivery),
        "" if delivery.code is None else str(delivery.code),
        delivery.reason or "",
    ]


def _when(delivery: store.Delivery) -> str:
    if delivery.settled_at is None and delivery.due_at <= datetime.now(UTC):
        return "at once"
    return local_time(delivery.settled_at or delivery.due_at)

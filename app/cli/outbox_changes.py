"""se3 outbox retry, replay and drop: what becomes of deliveries by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from app.cli.asking import ask, yes_option
from app.cli.moments import Moment
from app.cli.opening import open_store, zoned_time
from app.cli.outbox_ids import DeliveryName, delivery_ids
from app.cli.slices import in_slices
from app.domain.delivery import DeliveryState
from app.errors import Se3Error
from app.store import outbox_tools as store
from app.store.outbox_tools import EventTime, Selection, TimeRange

_names_argument = click.argument("names", metavar="[ID]...", type=DeliveryName(), nargs=-1)
_code_option = click.option("--code", type=int, help="With --parked: only those with this code of EnOS.")
_channel_option = click.option("--channel", help="With --parked: only those of this channel.")


@dataclass(frozen=True, slots=True)
class _Change:
    """What is done to deliveries: before and after in words that go on from a number, and how.

    `make` takes a connection, ids and the states of which only rows in one are changed; it returns how many
    were.
    """

    will: str
    done: str
    make: Callable[[Any, Sequence[int], Sequence[DeliveryState]], int]


_SEND_AGAIN = _Change("will be sent again", "will be sent again", store.send_again)


@click.command()
@_names_argument
@click.option("--parked", is_flag=True, help="All that are parked.")
@_code_option
@_channel_option
@click.option(
    "--skipped", is_flag=True, help="All that ENOS_EVENTS or the mapping kept from EnOS; change it first."
)
@click.option("--dropped", is_flag=True, help="All that were dropped.")
@yes_option
def retry(
    names: tuple[int | UUID, ...],
    parked: bool,
    code: int | None,
    channel: str | None,
    skipped: bool,
    dropped: bool,
    yes: bool,
) -> None:
    """Send these deliveries again now, or all that are parked, skipped or dropped.

    ID is that of a delivery or of its event.
    """
    flags = {
        DeliveryState.PARKED: parked,
        DeliveryState.SKIPPED: skipped,
        DeliveryState.DROPPED: dropped,
    }
    _carry_out(_selection(names, flags, code, channel, store.RETRIED), _SEND_AGAIN, names, yes=yes)
    if skipped:
        click.echo("They go as far as ENOS_EVENTS and the mapping allow now.")


@click.command()
@click.option("--from", "start", type=Moment(), required=True, help="The first moment.")
@click.option("--to", "end", type=Moment(), required=True, help="The moment at which it ends.")
@click.option(
    "--by",
    default=EventTime.RECEIVED.value,
    show_default=True,
    type=click.Choice([by.value for by in EventTime]),
    help="Whether events were received then, or faces seen.",
)
@click.option(
    "--after", default=0, type=click.IntRange(0), help="Only deliveries with a higher id: to go on."
)
@yes_option
def replay(start: datetime, end: datetime, by: str, after: int, yes: bool) -> None:
    """Send the events of a time range again, also those that EnOS has.

    Those that wait or are on their way, and those that were dropped, stay as they are.
    """
    if start >= end:
        raise click.UsageError("--from must be before --to")
    selection = Selection(store.REPLAYED, times=TimeRange(start, end, EventTime(by)), after=after)
    click.echo(f"Events {by} from {zoned_time(start)} to {zoned_time(end)}:", err=True)
    _carry_out(selection, _SEND_AGAIN, yes=yes)


@click.command()
@_names_argument
@click.option("--parked", is_flag=True, help="All that are parked.")
@_code_option
@_channel_option
@click.option("--reason", required=True, help="Why, for those who look later.")
@yes_option
def drop(
    names: tuple[int | UUID, ...], parked: bool, code: int | None, channel: str | None, reason: str, yes: bool
) -> None:
    """Give up these deliveries, or all that are parked; EnOS does not get them.

    ID is that of a delivery or of its event.
    """
    if not reason.strip():
        raise click.UsageError("--reason must say something")
    selection = _selection(names, {DeliveryState.PARKED: parked}, code, channel, store.DROPPED)
    change = _Change(
        "will be dropped",
        "dropped",
        lambda connection, some, states: store.drop(connection, some, states, reason, datetime.now(UTC)),
    )
    _carry_out(selection, change, names, yes=yes)


def _selection(
    names: tuple[int | UUID, ...],
    flags: dict[DeliveryState, bool],
    code: int | None,
    channel: str | None,
    allowed: tuple[DeliveryState, ...],
) -> Selection:
    """Select all deliveries of the one state whose flag was given, or those that are named."""
    for option, value in (("--code", code), ("--channel", channel)):
        if value is not None and not flags[DeliveryState.PARKED]:
            raise click.UsageError(f"{option} needs --parked")
    states = tuple(state for state, given in flags.items() if given)
    if [bool(names), *flags.values()].count(True) != 1:
        options = " or ".join(f"--{state}" for state in flags)
        raise click.UsageError(f"name the ids of deliveries, or say {options}")
    return Selection(allowed) if names else Selection(states, code=code, channel=channel)


def _carry_out(selection: Selection, change: _Change, names: Sequence[int | UUID] = (), *, yes: bool) -> None:
    """Say how many deliveries are selected, of all or those named; ask, change them, say how many were."""
    with open_store() as database:

        def make(some: Sequence[int]) -> int:
            with database.write() as connection:
                return change.make(connection, some, selection.states)

        if names:
            selection = replace(selection, ids=delivery_ids(database, names))
        with database.read() as connection:
            ids = store.chosen(connection, selection)
        if ids:
            ask(f"{len(ids)} {change.will}", yes=yes)
        changed = in_slices(ids, "Deliveries", make)
    wanted = len(ids if selection.ids is None else set(selection.ids))
    if changed < wanted:
        states = ", ".join(selection.states)
        raise Se3Error(f"{changed} of {wanted} {change.done}; only those can be that are {states}")
    click.echo(f"{changed} {change.done}.")

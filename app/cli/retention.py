"""se3 retention: what is too old or too much, and its removal."""

import time
from collections.abc import Iterator

import click

from app.cli.opening import local_time, open_store, show_table
from app.cli.processes import stop_on_signals
from app.config import Settings, load_settings
from app.errors import Se3Error
from app.store import clock
from app.store.database import Database
from app.store.removal import keeper, runs, space
from app.store.removal.retention import Retention, due, retention_of
from app.store.removal.runs import Run
from app.store.removal.slices import Removed
from app.telemetry.logs import configure_logging

_RUNS_SHOWN = 10
_TELL_SECONDS = 2.0
_NOTHING_SET = "nothing is ever removed: no RETENTION_ setting is set"


@click.group()
def retention() -> None:
    """Show what the RETENTION_ settings remove, and remove it now.

    The forwarder does so by itself every ten minutes.
    """


@retention.command()
def status() -> None:
    """Show what would go now, why other old events stay, and what went when."""
    settings = load_settings()
    wanted = retention_of(settings)
    with open_store() as database:
        click.echo("\n".join(_lines(database, settings, wanted)))
        with database.read() as connection:
            last = runs.listed(connection, _RUNS_SHOWN, with_removals=True)
    show_table(
        "runs that removed anything", ["began", "ended", "known", "strangers", "pictures", "MB"], _rows(last)
    )


@retention.command()
def run() -> None:
    """Remove now what is to go, in slices between which boxes get their turn; Ctrl-C stops it between two."""
    settings = load_settings()
    wanted = retention_of(settings)
    if not wanted.is_set:
        raise Se3Error(_NOTHING_SET)
    configure_logging(settings.log_format)
    stop = stop_on_signals()
    with open_store() as database:
        removed = keeper.run(database, wanted, stop, is_due=False, told=_Progress().add)
    if removed is None:
        raise Se3Error(
            "it is being done already, here or on another machine; se3 retention status shows more"
        )
    ended = "Stopped" if stop.is_set() else "Done"
    click.echo(
        f"{ended}: removed {removed.known} events of known people, {removed.strangers} of strangers,"
        f" {removed.pictures} pictures."
    )


class _Progress:
    """Tells on standard error how far it is, every other second."""

    def __init__(self) -> None:
        self._events, self._tell_at = 0, time.monotonic() + _TELL_SECONDS

    def add(self, removed: Removed) -> None:
        self._events += removed.events
        if time.monotonic() > self._tell_at:
            self._tell_at += _TELL_SECONDS
            click.echo(f"{self._events} events so far", err=True)


def _lines(database: Database, settings: Settings, wanted: Retention) -> Iterator[str]:
    if not wanted.is_set:
        yield _NOTHING_SET
    elif (
        settings.enos_broker_url is None
        and settings.enos_mapping is None
        and not settings.retention_undelivered
    ):
        yield "EnOS is not set up: what it has not got stays, unless RETENTION_UNDELIVERED=true has it go"
    with database.read() as connection:
        for rule in wanted.rules(clock.now(connection)):
            found = due(connection, rule, wanted.states)
            stays = f"{found.held} on hold and {found.undelivered} that EnOS has not got stay"
            yield f"{'strangers' if rule.strangers else 'known':<12}{found.to_go} events go; {stays}"
        used, excess = space.used_bytes(database, connection), wanted.excess(database, connection)
        last = runs.latest(connection)
    yield f"{'in use':<12}{used / 1e9:,.3f} GB" + (
        f", {excess / 1e9:,.3f} GB too much: the oldest go" if excess else ""
    )
    yield f"{'last run':<12}{_in_words(last)}"


def _in_words(last: Run | None) -> str:
    if last is None:
        return "none yet"
    return f"{local_time(last.began_at)}, " + (
        "ended" if last.ended_at else f"at work, seen {local_time(last.seen_at)}"
    )


def _rows(found: list[Run]) -> list[list[str]]:
    return [
        [
            local_time(one.began_at),
            local_time(one.ended_at) if one.ended_at else "",
            str(one.known),
            str(one.strangers),
            str(one.pictures),
            f"{one.size / 1e6:,.1f}",
        ]
        for one in found
    ]

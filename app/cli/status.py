"""se3 status: how much there is of everything, and how the forwarders are."""

import dataclasses
from datetime import datetime

import click

from app import jsontext
from app.cli.opening import local_time, open_store
from app.config import load_settings
from app.domain.forwarders import Forwarder, ForwarderState, as_of
from app.store import channels, clock
from app.store.queries import Counts, counts
from app.store.spool.spool import Spooled, spooled


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
def status(as_json: bool) -> None:
    """Count what is stored, and tell how each forwarder is."""
    spool = spooled(load_settings())
    if spool.requests and not as_json:
        click.echo(_spool_line(spool))  # before the database is asked: it may be away
    with open_store() as database, database.read() as connection:
        found = counts(connection)
        forwarders = as_of(channels.forwarders(connection), clock.now(connection))
    click.echo(
        _json(found, spool, forwarders)
        if as_json
        else "\n".join(_lines(found) + _forwarder_lines(forwarders))
    )


def _json(found: Counts, spool: Spooled, forwarders: list[Forwarder]) -> str:
    oldest = found.oldest_waiting_at.isoformat() if found.oldest_waiting_at else None
    values = dataclasses.asdict(found) | {"oldest_waiting_at": oldest, "spooled": spool.events}
    return jsontext.dump(values | {"forwarders": [_values(one) for one in forwarders]})


def _spool_line(spool: Spooled) -> str:
    since = f" since {local_time(spool.oldest_at)}" if spool.oldest_at else ""
    return f"spool       {spool.events} events wait for PostgreSQL on this machine{since}"


def _values(forwarder: Forwarder) -> dict[str, object]:
    names = ("started_at", "heartbeat_at", "state_since")
    times = {name: getattr(forwarder, name).isoformat() for name in names}
    return dataclasses.asdict(forwarder) | times | {"id": str(forwarder.id)}


def _forwarder_lines(forwarders: list[Forwarder]) -> list[str]:
    return [f"forwarder   {_in_words(one)}" for one in forwarders] or ["forwarder   none is at work for EnOS"]


def _in_words(forwarder: Forwarder) -> str:
    where = f"{forwarder.channel}: {forwarder.state}, on {forwarder.host}, process {forwarder.pid}"
    if forwarder.state is ForwarderState.DEAD:
        return f"{where}, last heard of {local_time(forwarder.heartbeat_at)}"
    return f"{where}: {forwarder.reason}" if forwarder.reason else where


def _lines(found: Counts) -> list[str]:
    deliveries = ", ".join(f"{number} {state}" for state, number in found.outbox.items())
    return [
        f"events      {found.events}",
        f"pictures    {found.pictures}",
        f"deliveries  {deliveries}",
        f"waiting     {_since(found.oldest_waiting_at)}",
        f"refused     {found.quarantine}, and {found.quarantine_dropped} dropped to hold the bounds",
        f"late        {found.replies_late} replies, and {found.turned_away} requests turned away",
        f"warnings    {found.warnings} events",
        f"boxes       {found.boxes}",
    ]


def _since(oldest: datetime | None) -> str:
    return f"since {local_time(oldest)}, the oldest" if oldest else "none"

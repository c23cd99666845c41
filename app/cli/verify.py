"""se3 verify: tries this installation, beside whatever runs, and says what held."""

import random
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from app.cli.processes import stop_on_signals
from app.durability.account import Account
from app.durability.site import Site
from app.durability.trial import Trial
from app.errors import Se3Error
from app.setting_values import database_url as parsed_database_url


def _database(_context: click.Context, _parameter: click.Parameter, url: str | None) -> str | None:
    if url is None:
        return None
    try:
        parsed: str = parsed_database_url(url)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if parsed.startswith("sqlite"):
        raise click.BadParameter(
            "must begin with postgresql://; without it a scratch SQLite database is made"
        )
    return parsed


@click.group()
def verify() -> None:
    """Try what this product promises, on this machine."""


@verify.command()
@click.option("--cycles", default=20, show_default=True, type=click.IntRange(1), help="How often to kill.")
@click.option("--seed", type=int, help="Repeats the choices of an earlier run, which printed it.")
@click.option(
    "--database",
    "database_url",
    metavar="URL",
    callback=_database,
    help="An empty PostgreSQL database to use.",
)
@click.option("--own-postgresql", is_flag=True, help="Run a PostgreSQL server of its own, and kill that too.")
def durability(cycles: int, seed: int | None, database_url: str | None, own_postgresql: bool) -> None:
    """Kill processes under load, and count what was lost.

    Runs a scratch instance beside whatever runs: receiver, forwarder, a broker and a simulated EnOS, on free
    ports and in a folder that is deleted at the end. Boxes post all the time. Status 1 if anything that was
    acknowledged was lost.
    """
    if database_url and own_postgresql:
        raise click.UsageError("say --database or --own-postgresql, not both")
    stop = stop_on_signals()
    seed = random.randrange(10**6) if seed is None else seed  # noqa: S311 - no secret
    click.echo(f"Killing under load, {cycles} times; --seed {seed} repeats the choices. Ctrl-C ends it.")
    folder = Path(tempfile.mkdtemp(prefix="se3-verify-"))
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory())) if own_postgresql else None
        site = stack.enter_context(Site(folder, database_url, own))
        account = Trial(site, seed, click.echo).run(cycles, stop)
    _print(account)
    if not account.holds:
        raise Se3Error(f"what was acknowledged was not kept as it must be; the logs are in {folder}")
    shutil.rmtree(folder, ignore_errors=True)  # what was started last may just be taking its files away


def _print(account: Account) -> None:
    kills = ", ".join(f"{kind} {number}" for kind, number in sorted(account.kills.items()))
    table = Table(show_header=False)
    for words, number in (
        ("posted", account.posted),
        ("acknowledged", account.acknowledged),
        ("stored", account.stored),
        ("delivered to EnOS", account.delivered),
        ("LOST: acknowledged, not stored", account.not_stored),
        ("LOST: acknowledged, not delivered", account.not_delivered),
        ("stored twice", account.twice),
        ("delivered twice, which may be", account.delivered_twice),
    ):
        table.add_row(words, f"{number:,}")
    Console().print(table)
    click.echo(f"SIGKILLs: {account.kills.total()} ({kills})")
    if account.cuts:
        click.echo(f"Cuts: {account.cuts} copies of the database's files, {len(account.bad_cuts)} bad")
    for fault in account.bad_cuts:
        click.echo(f"  {fault}")

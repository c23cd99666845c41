"""Runs the tables: `python -m benchmarks [TABLE...]`; `--help` explains."""

import tempfile
from pathlib import Path

import click

from benchmarks import machine, report
from benchmarks.missing import Missing
from benchmarks.plan import Plan
from benchmarks.tables import TABLES
from benchmarks.wrk import Wrk

_RESULTS = Path(__file__).with_name("RESULTS.md")


@click.command()
@click.argument("tables", nargs=-1, type=click.Choice(list(TABLES)))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Rounds of each table.")
@click.option(
    "--seconds", default=5, show_default=True, type=click.IntRange(1), help="Of each server in a round."
)
def main(tables: tuple[str, ...], rounds: int, seconds: int) -> None:
    """Measure the receiver beside other servers on this machine and print the tables.

    TABLES: those to measure, all by default. Only a run of all of them writes benchmarks/RESULTS.md. All take
    about 40 minutes, of which `growth` takes 20, and up to 40 GB of disk.
    """
    with tempfile.TemporaryDirectory(prefix="se3-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user if this is root
        try:
            wrk = Wrk(folder)
        except Missing as missing:
            raise click.ClickException(str(missing)) from missing
        page = report.head(machine.describe(folder), rounds, seconds)
        click.echo(page)
        for table in tables or TABLES:
            section = _measure(table, folder, wrk, rounds, seconds)
            click.echo(section)
            page += section
    if not tables:
        _RESULTS.write_text(page, encoding="utf-8")


def _measure(table: str, folder: Path, wrk: Wrk, rounds: int, seconds: float) -> str:
    with tempfile.TemporaryDirectory(prefix=f"{table}-", dir=folder) as name:
        own = Path(name)
        own.chmod(0o711)
        try:
            return TABLES[table](Plan(own, wrk, rounds, seconds))
        except Missing as missing:
            return report.section(table, str(missing))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")

"""se3 simulate: a box, or EnOS's side, to try and to accept an installation with."""

from collections import Counter

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli.processes import stop_on_signals
from app.domain.events import Kind
from app.errors import Se3Error
from app.simulators.box import Box
from app.simulators.encodings import ENCODINGS
from app.simulators.enos import Hub
from app.simulators.results import Result
from app.simulators.sightings import FORMS


@click.group()
def simulate() -> None:
    """Play a box, or EnOS."""


@simulate.command()
@click.argument("url")
@click.option(
    "--count", default=10, show_default=True, type=click.IntRange(1), help="How many events to post."
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    help="Events a second; as fast as it goes if not given.",
)
@click.option(
    "--people", default=20, show_default=True, type=click.IntRange(1), help="How many people pass by."
)
@click.option(
    "--form", default="v2r4", show_default=True, type=click.Choice(FORMS), help="Firmware line to speak as."
)
@click.option(
    "--encoding",
    default="json",
    show_default=True,
    type=click.Choice(ENCODINGS),
    help="How bodies are encoded.",
)
@click.option(
    "--kind",
    default="history",
    show_default=True,
    type=click.Choice([k.value for k in Kind]),
    help="Kind of event.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another box.")
def box(
    url: str, count: int, rate: float | None, people: int, form: str, encoding: str, kind: str, seed: int
) -> None:
    """Post events with drawn pictures to URL, as a box would.

    URL is a receiver such as http://127.0.0.1:9528, or a full path of one.
    """
    source = Box(url, form=form, encoding=encoding, kind=Kind(kind), people=people, seed=seed)
    results = []
    columns = (TextColumn("posted"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("posted", total=count)
        for result in source.run(count, rate):
            results.append(result)
            progress.advance(task)
    _report(results)


@simulate.command()
@click.argument("broker_url")
@click.option("--code", default=200, show_default=True, help="Answer every message with this code.")
@click.option("--silent", is_flag=True, help="Answer nothing.")
def enos(broker_url: str, code: int, silent: bool) -> None:
    """Answer events on the broker at BROKER_URL as EnOS would, until Ctrl-C."""
    stop = stop_on_signals()
    with Hub(broker_url, code=code, silent=silent) as hub:
        click.echo(f"Answering events on {broker_url}; Ctrl-C ends.", err=True)
        stop.wait()
        click.echo(f"{hub.events} events accepted; {hub.refused} of {hub.messages} messages refused.")


def _report(results: list[Result]) -> None:
    accepted = [result for result in results if result.status == 200]
    duplicates = sum(result.duplicate for result in accepted)
    slowest = max(result.seconds for result in results) * 1000
    click.echo(
        f"{len(accepted)} of {len(results)} accepted, {duplicates} duplicates, slowest {slowest:.0f} ms."
    )
    if len(accepted) < len(results):
        reasons = Counter(result.reason for result in results if result.status != 200)
        raise Se3Error("; ".join(f"{number} times: {reason}" for reason, number in reasons.items()))

"""se3 simulate box."""

from contextlib import closing
from typing import Any

import click

from app.cli.posting import fail_on, progress
from app.domain.events import Kind
from app.simulators.box import STATUS, Box
from app.simulators.encodings import ENCODINGS
from app.simulators.history import ROUND
from app.simulators.results import Result
from app.simulators.sightings import FORMS

_LOST_HELP = (
    "Fraction of replies that the box does not read, 0 up to below 1. It posts such history again until it"
    " is answered, and nothing else."
)


@click.command()
@click.argument("url")
@click.option(
    "--count", default=10, show_default=True, type=click.IntRange(1), help="How many events or reports."
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    help="Events or reports a second; as fast as it goes if not given.",
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
    help="How bodies are encoded; names-only loses values.",
)
@click.option(
    "--kind",
    default="history",
    show_default=True,
    type=click.Choice([*(k.value for k in Kind), STATUS]),
    help="Events of this kind, or status reports.",
)
@click.option(
    "--lost-replies",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1, max_open=True),
    help=_LOST_HELP,
)
@click.option(
    "--burst",
    default=1,
    show_default=True,
    type=click.IntRange(1, ROUND),
    help="Let so many events happen before they are posted, one after the other; for history.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another box.")
def box(url: str, count: int, rate: float | None, burst: int, kind: str, **options: Any) -> None:
    """Post events with drawn pictures, or status reports, to URL, as a box would.

    URL is a receiver such as http://127.0.0.1:9528, or a full path of one.
    """
    if burst > 1 and kind != Kind.HISTORY:
        raise click.UsageError("--burst is for history: a box posts nothing else later than it happens")
    results = []
    source = Box(url, kind=STATUS if kind == STATUS else Kind(kind), **options)
    with closing(source), progress(count) as advance:
        for result in source.run(count, rate, burst):
            results.append(result)
            if not result.lost or kind != Kind.HISTORY:  # lost history comes again
                advance()
    _report(count, results)


def _report(count: int, results: list[Result]) -> None:
    accepted = [result for result in results if result.status == 200]
    duplicates = sum(result.duplicate for result in accepted)
    lost = sum(result.lost for result in results)
    slowest = max(result.seconds for result in results) * 1000
    click.echo(
        f"{len(accepted)} of {count} accepted, {duplicates} duplicates, "
        + (f"{lost} replies lost, " if lost else "")
        + f"slowest {slowest:.0f} ms."
    )
    fail_on(result.reason for result in results if result.status != 200 and not result.lost)

"""se3 simulate site."""

import click

from app.cli.posting import fail_on, progress
from app.simulators.sightings import FORMS
from app.simulators.site import Site


@click.command()
@click.argument("url")
@click.option(
    "--sightings", default=40, show_default=True, type=click.IntRange(1), help="How many each box has."
)
@click.option(
    "--lost-replies",
    default=0.3,
    show_default=True,
    type=click.FloatRange(0, 1, max_open=True),
    help="Fraction of replies that the boxes do not read, 0 up to below 1.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another site.")
def site(url: str, sightings: int, lost_replies: float, seed: int) -> None:
    """Post to the receiver at URL all that a site's boxes may, at once.

    Five boxes of five firmware lines post real-time and history copies of each sighting and status reports,
    every event in another encoding. Replies get lost, and the whole history comes twice.
    """
    source = Site(url, sightings=sightings, lost_replies=lost_replies, seed=seed)
    with progress(source.total) as advance:
        result = source.run(advance)
    click.echo(
        f"{len(result.sightings)} sightings by {len(FORMS)} boxes in {result.posts} posts:"
        f" {result.lost} replies lost, {result.duplicates} duplicates, {len(result.refused)} refused."
    )
    fail_on(result.refused)

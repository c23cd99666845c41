"""se3 simulate: a box, a whole site, or EnOS's side, to try and to accept an installation with."""

import click

from app.cli.processes import stop_on_signals
from app.cli.simulate_box import box
from app.cli.simulate_site import site
from app.simulators.enos import Hub


@click.group()
def simulate() -> None:
    """Play a box, a site, or EnOS."""


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


simulate.add_command(box)
simulate.add_command(site)

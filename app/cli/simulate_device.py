"""se3 simulate device: a whole box that can be configured and listened to."""

import click

from app.cli.processes import stop_on_signals
from app.simulators.device import Device


@click.command()
@click.option("--bind", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to serve.")
@click.option(
    "--api-port", default=5555, show_default=True, type=click.IntRange(1, 65535), help="Port of its API."
)
@click.option(
    "--socket-port",
    default=5679,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of its WebSocket.",
)
@click.option(
    "--rate",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    help="Faces a second.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed is another box.")
def device(bind: str, api_port: int, socket_port: int, rate: float, seed: int) -> None:
    """Play a whole box until Ctrl-C: its API, its WebSocket, and events to where it was configured to.

    Configure it with se3 box configure; listen to it with se3 listen.
    """
    stop = stop_on_signals()
    with Device(bind, api_port, socket_port, seed) as played:
        click.echo(f"API at {played.api.address}, WebSocket at {played.socket.url}", err=True)
        click.echo(f"Its one camera is device {played.device_id}; Ctrl-C ends.", err=True)
        posted = accepted = 0
        for result in played.run(rate, stop):
            posted += 1
            accepted += result.status == 200
    click.echo(
        f"{accepted} of {posted} posts accepted; clients that listened: {len(played.socket.requests)}."
    )

"""se3 simulate: a box, a whole site, or EnOS's side, to try and to accept an installation with."""

import click

from app.cli.simulate_box import box
from app.cli.simulate_device import device
from app.cli.simulate_enos import enos
from app.cli.simulate_site import site


@click.group()
def simulate() -> None:
    """Play a box, a site, or EnOS."""


simulate.add_command(box)
simulate.add_command(device)
simulate.add_command(enos)
simulate.add_command(site)

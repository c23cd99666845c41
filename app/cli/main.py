"""The se3 command: puts its groups together and turns errors into one sentence and an exit status."""

import sys

import click

from app.cli import (
    box,
    boxes,
    demo,
    enos,
    events,
    listen,
    outbox,
    quarantine,
    run,
    simulate,
    simulate_device,
    status,
)
from app.errors import Se3Error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="se3-receiver", prog_name="se3")
def se3() -> None:
    """Receive the events of SE3 boxes, keep every one, relay each to EnOS.

    Settings come from the environment and from .env; docs/reference/settings.md lists them.
    """


for command in (
    run.run,
    run.forward,
    listen.listen,
    run.migrate,
    status.status,
    events.events,
    boxes.boxes,
    outbox.outbox,
    quarantine.quarantine,
    enos.enos,
    box.box,
    simulate.simulate,
    demo.demo,
):
    se3.add_command(command)
simulate.simulate.add_command(simulate_device.device)


def main() -> None:
    """Run the command; exit 1 with a sentence where something is wrong."""
    try:
        se3()
    except Se3Error as error:
        click.echo(f"se3: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

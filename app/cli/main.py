"""The se3 command: finds each command where it is, and turns errors into one sentence and an exit status."""

import gc
import importlib
import sys
from functools import cache

import click

from app.errors import Se3Error

_COMMANDS = {
    "run": "app.cli.run:run",
    "forward": "app.cli.forward:forward",
    "listen": "app.cli.listen:listen",
    "write": "app.cli.write:write",
    "migrate": "app.cli.run:migrate",
    "status": "app.cli.status:status",
    "doctor": "app.cli.doctor:doctor",
    "events": "app.cli.events:events",
    "boxes": "app.cli.boxes:boxes",
    "outbox": "app.cli.outbox:outbox",
    "quarantine": "app.cli.quarantine:quarantine",
    "person": "app.cli.person:person",
    "pictures": "app.cli.pictures:pictures",
    "retention": "app.cli.retention:retention",
    "vacuum": "app.cli.vacuum:vacuum",
    "backup": "app.cli.backup:backup",
    "restore": "app.cli.backup:restore",
    "user": "app.cli.user:user",
    "token": "app.cli.token:token",
    "enos": "app.cli.enos:enos",
    "box": "app.cli.box:box",
    "simulate": "app.cli.simulate:simulate",
    "demo": "app.cli.demo:demo",
    "verify": "app.cli.verify:verify",
}


class Commands(click.Group):
    """Imports a command when it is asked for: no other one's libraries slow it down."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """All names, in the order of the help page."""
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of this name, None if there is none."""
        return _imported(name) if name in _COMMANDS else None


@cache
def _imported(name: str) -> click.Command:
    """The command of this name. Garbage is looked for afterwards, and never in what was imported.

    That would take a third of the time of a start and an end.
    """
    module, _, attribute = _COMMANDS[name].partition(":")
    gc.disable()
    command: click.Command = getattr(importlib.import_module(module), attribute)
    gc.freeze()
    gc.enable()
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="se3-receiver", prog_name="se3")
def se3() -> None:
    """Receive the events of SE3 boxes, keep every one, relay each to EnOS.

    Settings come from the environment and from .env; docs/reference/settings.md lists them.
    """


def main() -> None:
    """Run the command; exit 1 with a sentence where something is wrong."""
    try:
        se3()
    except Se3Error as error:
        click.echo(f"se3: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

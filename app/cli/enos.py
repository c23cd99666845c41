"""se3 enos: is the connection to the cloud all right?"""

import click

from app.cli import enos_check, enos_devices, enos_model, enos_preview


@click.group()
def enos() -> None:
    """Check what EnOS needs: the connection, the thing model, the devices, a message."""


enos.add_command(enos_check.check)
enos.add_command(enos_model.model)
enos.add_command(enos_devices.devices)
enos.add_command(enos_preview.preview)

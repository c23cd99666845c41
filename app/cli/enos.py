"""se3 enos: is the connection to the cloud all right?"""

import click

from app.cli import enos_model, enos_preview
from app.config import load_settings
from app.enos.channel import Channel
from app.enos.setup import load_setup
from app.errors import ChannelError, SettingsError


@click.group()
def enos() -> None:
    """Check what EnOS needs: the connection, the thing model, a message."""


@enos.command()
def check() -> None:
    """Connect with the site's credentials, subscribe, and say what is right or wrong.

    It takes the channel's one connection: a running forwarder is pushed out and comes back by itself.
    """
    settings = load_settings()
    setup = load_setup(settings)
    if not setup.channels:
        raise SettingsError("ENOS_BROKER_URL is not set; docs/how-to/connect-enos.md tells what EnOS needs")
    click.echo(f"ok    settings{' and mapping file' if settings.enos_mapping else ''}")
    for endpoint in setup.channels.values():
        channel = Channel(endpoint)
        try:
            channel.open()
        except ChannelError as error:
            raise ChannelError(f"{endpoint.broker_url}: {error}") from None
        finally:
            channel.close()
        click.echo(f"ok    {endpoint.broker_url} took the login")
        click.echo(f"ok    subscribed to {endpoint.topics.reply}")


enos.add_command(enos_model.model)
enos.add_command(enos_preview.preview)

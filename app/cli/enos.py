"""se3 enos: is the connection to the cloud all right?"""

import click

from app.cli import enos_model, enos_preview
from app.config import load_settings
from app.enos.channel import Channel
from app.enos.endpoint import endpoint
from app.enos.mapping_file import load_mapping
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
    if settings.enos_broker_url is None:
        raise SettingsError("ENOS_BROKER_URL is not set; docs/how-to/connect-enos.md tells what EnOS needs")
    load_mapping(settings.enos_mapping)
    click.echo(f"ok    settings{' and mapping file' if settings.enos_mapping else ''}")
    channel = Channel(endpoint(settings))
    try:
        channel.open()
    except ChannelError as error:
        raise ChannelError(f"{settings.enos_broker_url}: {error}") from None
    finally:
        channel.close()
    click.echo(f"ok    {settings.enos_broker_url} took the login")
    click.echo(f"ok    subscribed to {endpoint(settings).topics.reply}")


enos.add_command(enos_model.model)
enos.add_command(enos_preview.preview)

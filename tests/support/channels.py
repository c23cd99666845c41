"""The channel that settings describe."""

from app.config import Settings
from app.enos.channel import Channel
from app.enos.mapping.mapping import DEFAULT_CHANNEL
from app.enos.setup import load_setup


def channel_for(settings: Settings) -> Channel:
    """The one channel of these settings; it is not open."""
    return Channel(load_setup(settings).channels[DEFAULT_CHANNEL])

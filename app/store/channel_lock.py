"""Lets one process at a time decide on a channel."""

from sqlalchemy import Connection, select

from app.store.models import ChannelRow
from app.store.statements import insert_missing


def lock_channel(connection: Connection, channel: str) -> None:
    """Make others who lock this channel, or beat for it, wait until the transaction ends.

    What is read behind it can't change by another's hand. On SQLite every write transaction waits anyway.
    """
    connection.execute(insert_missing(connection, ChannelRow).values(name=channel))
    connection.execute(select(ChannelRow.name).where(ChannelRow.name == channel).with_for_update())

"""Room for a connect among those that EnOS takes of a channel, for who is no forwarder."""

import math
import time

from app.domain.forwarders import CONNECTED, Forwarder
from app.errors import ChannelError
from app.forwarder.pacing import MOST_CONNECTS, NOTED_SPACING_SECONDS, seconds_until_room
from app.store import channels
from app.store.database import Database


def present_holder(database: Database, channel: str) -> Forwarder | None:
    """The forwarder that holds the channel now, if one is known.

    Raises:
        ChannelError: a connect now, or the forwarder's own after it, might make EnOS lock it out.
    """
    with database.read() as connection:
        holder = channels.holder_of(connection, channel)
        _wait_for_room(channels.connect_ages(connection, channel), holder)
    return holder


def note_connect(database: Database, channel: str) -> None:
    """Note a connect of now, in the transaction that found room for it: no two find the same room.

    Waits the few seconds that must lie between two connects.

    Raises:
        ChannelError: as above.
    """
    while wait := _seconds_unless_noted(database, channel):
        time.sleep(wait)


def _seconds_unless_noted(database: Database, channel: str) -> float:
    with database.write() as connection:
        channels.lock(connection, channel)
        holder = channels.holder_of(connection, channel)
        wait = _wait_for_room(channels.connect_ages(connection, channel), holder)
        if not wait:
            channels.note_connect(connection, channel)
        return wait


def _wait_for_room(ages: list[float], holder: Forwarder | None) -> float:
    """Seconds until there is room, few enough to wait for; 0 if there is."""
    returns = holder is not None and holder.state in CONNECTED  # any other counts our connect
    wait = seconds_until_room(ages, 2 if returns else 1)
    if wait <= NOTED_SPACING_SECONDS:
        return wait
    returning = ", and the forwarder needs one of them to come back" if returns else ""
    raise ChannelError(
        "a connect now might make EnOS lock the channel out for five minutes: it takes"
        f" {MOST_CONNECTS} in two minutes{returning}. Check again in {math.ceil(wait)} s"
    )

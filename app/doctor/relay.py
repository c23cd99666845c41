"""Does EnOS get the events: the forwarders, the login, and what waits or was refused."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from app.doctor.findings import Finding, ok, warning, wrong
from app.domain.delivery import SLOW_AFTER, DeliveryState
from app.domain.forwarders import WELL, Forwarder, ForwarderState, as_of
from app.enos.channel import Channel
from app.enos.setup import Setup
from app.errors import ChannelError
from app.forwarder.room import note_connect, present_holder
from app.store import channels, clock
from app.store.database import Database
from app.store.queries import QuickCounts, quick_counts

_SUBJECT = "EnOS"
_CHECK = "docs/how-to/connect-enos.md#3-check-it"


def of_channels(setup: Setup, database: Database) -> Iterator[Finding]:
    """Each channel, and what its events wait for."""
    if not setup.channels:
        yield warning(
            _SUBJECT, "is not set up: events wait in the outbox", "Set it up: docs/how-to/connect-enos.md"
        )
        return
    with database.read() as connection:
        found = as_of(channels.forwarders(connection), clock.now(connection))
        counts = quick_counts(connection)
    for name in setup.channels:
        yield from _of_channel(name, [one for one in found if one.channel == name], setup, database)
    yield from _of_deliveries(counts)


def _of_channel(
    name: str, forwarders: list[Forwarder], setup: Setup, database: Database
) -> Iterator[Finding]:
    alive = [one for one in forwarders if one.state is not ForwarderState.DEAD]
    if not alive:
        yield wrong(_SUBJECT, f"channel {name} has no forwarder", "Start se3 run, or se3 forward.")
        yield _login(name, setup, database)
    for one in alive:
        text = f"the forwarder of channel {name} on {one.host}, process {one.pid}, is {one.state}"
        if one.state in WELL:
            yield ok(_SUBJECT, text)
        else:
            yield wrong(_SUBJECT, f"{text}: {one.reason or 'its log says why'}", f"See {_CHECK}")


def _login(name: str, setup: Setup, database: Database) -> Finding:
    """Log in where nobody is pushed out by it, and no connect is one too many."""
    try:
        present_holder(database, name)
        note_connect(database, name)
    except ChannelError as error:
        return warning(_SUBJECT, f"the login of channel {name} was not tried: {error}", f"See {_CHECK}")
    try:
        with closing(Channel(setup.channels[name])) as channel:
            channel.open()
    except ChannelError as error:
        return wrong(_SUBJECT, f"channel {name}: {error}", f"See {_CHECK}")
    return ok(_SUBJECT, f"{setup.channels[name].broker_url} takes the login of channel {name}")


def _of_deliveries(counts: QuickCounts) -> Iterator[Finding]:
    if parked := counts.outbox[DeliveryState.PARKED]:
        advice = "docs/how-to/find-out-what-went-wrong.md#deliveries-are-parked"
        yield warning(_SUBJECT, f"it refused {parked:,} events, which are parked", advice)
    oldest = counts.oldest_waiting_at
    if oldest and datetime.now(UTC) - oldest > SLOW_AFTER:
        yield warning(
            _SUBJECT,
            f"{counts.waiting:,} events wait, the oldest since {oldest.astimezone():%Y-%m-%d %H:%M:%S}",
            "docs/how-to/find-out-what-went-wrong.md#events-arrive-but-not-in-enos",
        )

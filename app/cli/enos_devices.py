"""se3 enos devices: the device keys that EnOS must know."""

from collections import Counter
from collections.abc import Iterable, Iterator

import click

from app.cli.opening import open_store
from app.config import Settings, load_settings
from app.domain.events import FaceEvent
from app.domain.sightings import reason_to_skip
from app.enos.mapping.mapping import Mapping
from app.enos.mapping_file.reading import load_mapping
from app.errors import Se3Error
from app.store import events
from app.store.database import Database

_MOST_EVENTS = 10_000
_AT_ONCE = 200  # a document may hold megabytes that are no picture


@click.command()
@click.option(
    "--limit",
    default=_MOST_EVENTS,
    show_default=True,
    type=click.IntRange(1),
    help="Look at so many events, the newest.",
)
@click.option("--channel", help="Only devices whose events this channel of the mapping file takes.")
def devices(limit: int, channel: str | None) -> None:
    """Print the device keys that stored events have under the mapping, one a line.

    How many events were looked at, and how many of them add no key, stands on standard error.
    """
    settings = load_settings()
    mapping = load_mapping(settings.enos_mapping)
    _require_known(channel, mapping)
    with open_store() as database:
        keys, counted = _keys(_newest(database, limit), settings, mapping, channel)
    for key in sorted(keys):
        click.echo(key)
    _tell(counted, mapping)


def _require_known(channel: str | None, mapping: Mapping) -> None:
    names = [name for name, _ in mapping.routes]
    if channel and channel not in names:
        raise Se3Error(f"there is no channel {channel}; there are: {', '.join(names)}")


def _newest(database: Database, limit: int) -> Iterator[FaceEvent]:
    """The newest events, from short transactions; few are in memory at a time."""
    before = None
    while limit > 0:
        with database.read() as connection:
            some = events.latest(connection, min(limit, _AT_ONCE), before)
        if not some:
            return
        yield from some
        before, limit = some[-1].id, limit - len(some)


def _keys(
    found: Iterable[FaceEvent], settings: Settings, mapping: Mapping, channel: str | None
) -> tuple[set[str], Counter[str]]:
    keys: set[str] = set()
    counted: Counter[str] = Counter()
    for event in found:
        key = mapping.device_key_of(event)
        reason = _reason_to_leave_out(event, key, settings, mapping, channel)
        counted[reason] += 1
        if key and not reason:
            keys.add(key)
    return keys, counted


def _reason_to_leave_out(
    event: FaceEvent, key: str | None, settings: Settings, mapping: Mapping, channel: str | None
) -> str:
    if reason_to_skip(event, settings.enos_events) or mapping.reason_to_skip(event):
        return "skipped"
    if channel and mapping.channel_of(event) != channel:
        return "elsewhere"
    if key is None:
        return "no key"
    return "" if key.isprintable() else "odd key"


def _tell(counted: Counter[str], mapping: Mapping) -> None:
    fields = ", ".join(key.field for key in mapping.device_key)
    words = {
        "skipped": "would not go to EnOS, by ENOS_EVENTS or the mapping file",
        "elsewhere": "go by other channels",
        "odd key": "have a device key with control characters, which is not printed",
        "no key": f"would be parked without a device key: none of {fields} holds 4 to 64 characters",
    }
    click.echo(f"looked at {counted.total()} events, the newest", err=True)
    for reason, meaning in words.items():
        if counted[reason]:
            click.echo(f"{counted[reason]} of them {meaning}", err=True)

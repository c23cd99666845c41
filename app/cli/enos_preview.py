"""se3 enos preview: what would go to EnOS of one event, and where."""

from datetime import UTC, datetime
from uuid import UUID

import click

from app.cli.opening import open_store
from app.config import load_settings
from app.domain.events import FaceEvent
from app.domain.sightings import reason_to_skip
from app.enos.mapping.picture_members import urls
from app.enos.messages import MOST_BYTES, new_message_id, post_one
from app.enos.setup import Setup, load_draft
from app.errors import MappingError, Se3Error
from app.store import events, pictures


@click.command()
@click.argument("event_id", metavar="EVENT", type=click.UUID)
def preview(event_id: UUID) -> None:
    """Print the message that would go to EnOS for one event; nothing is sent.

    Where it would go, or why it would not, stands on standard error.
    """
    settings = load_settings()
    setup = load_draft(settings)
    with open_store() as database, database.read() as connection:
        event = events.get(connection, event_id)
        shown = pictures.shown_by(connection, [event_id])[event_id]
    if event is None:
        raise Se3Error(f"there is no event {event_id}; `se3 events list` shows the newest")
    if reason := reason_to_skip(event, settings.enos_events) or setup.mapping.reason_to_skip(event):
        _tell("skipped", f"it would not go: {reason}")
    _preview(setup, event, shown)


def _preview(setup: Setup, event: FaceEvent, shown: list[tuple[str, bytes]]) -> None:
    links = urls(setup.links, shown, datetime.now(UTC)) if setup.links else {}
    try:
        element = setup.mapping.element(event, links)
        message = post_one(new_message_id(), setup.mapping.mode, element)
    except MappingError as error:
        raise MappingError(f"the event would be parked: {error}") from None
    click.echo(message)
    if (channel := setup.mapping.channel_of(event)) in setup.channels:
        _tell("channel", channel)
        _tell("topic", setup.channels[channel].topics.post)
    _tell("bytes", f"{len(message)} of {MOST_BYTES}")


def _tell(name: str, value: str) -> None:
    click.echo(f"{name:<9}{value}", err=True)

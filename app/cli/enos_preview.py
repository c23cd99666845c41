"""se3 enos preview: what would go to EnOS of one event, and where."""

from datetime import UTC, datetime
from uuid import UUID

import click

from app.cli.opening import open_store
from app.config import load_settings
from app.domain.sightings import reason_to_skip
from app.enos.messages import MOST_BYTES
from app.enos.preview import preview_of
from app.enos.setup import load_draft
from app.errors import Se3Error
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
    found = preview_of(setup, event, shown, datetime.now(UTC))
    click.echo(found.message)
    if found.channel is not None and found.topic:
        _tell("channel", found.channel)
        _tell("topic", found.topic)
    _tell("bytes", f"{len(found.message)} of {MOST_BYTES}")


def _tell(name: str, value: str) -> None:
    click.echo(f"{name:<9}{value}", err=True)

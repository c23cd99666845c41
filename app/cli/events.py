"""se3 events: look at what came in."""

from uuid import UUID

import click

from app import jsontext
from app.cli.opening import local_time, open_store, show_table, with_zone
from app.domain.events import FaceEvent
from app.domain.warnings import EventWarning
from app.errors import Se3Error
from app.store import events as store
from app.store import pictures, warnings
from app.store.pictures import PictureReference


@click.group()
def events() -> None:
    """Look at the events that came in."""


@events.command("list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first."
)
def list_events(limit: int) -> None:
    """List the events that came in last."""
    with open_store() as database, database.read() as connection:
        found = store.latest(connection, limit)
    received = with_zone("received", (event.received_at for event in found))
    show_table(
        "events", ["id", received, "kind", "identity", "name", "score", "device"], [_row(e) for e in found]
    )


@events.command()
@click.argument("event_id", metavar="ID", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="Print the document as it was sent, pictures in place.")
def show(event_id: UUID, as_json: bool) -> None:
    """Show one event with all its fields and what pictures it has."""
    with open_store() as database, database.read() as connection:
        event = store.get(connection, event_id)
        if event is None:
            raise Se3Error(f"there is no event {event_id}; `se3 events list` shows the newest")
        document = jsontext.dump(store.document_as_sent(connection, event)) if as_json else ""
        shown, found = (
            pictures.references_of(connection, event_id),
            warnings.warnings_of(connection, event_id),
        )
    if as_json:
        click.echo(document)
    else:
        _show(event, shown, found)


@events.command("warnings")
def count_warnings() -> None:
    """Count what is odd about events, by box and kind; the box with the latest first."""
    with open_store() as database, database.read() as connection:
        found = warnings.counted(connection)
    rows = [[w.box, w.code, str(w.events), local_time(w.last_received_at)] for w in found]
    show_table("warnings", ["box", "warning", "events", "last received"], rows)


def _row(event: FaceEvent) -> list[str]:
    device = event.ep_id or event.dev_sno or event.device_ip or ""
    name = " ".join([event.identity_name or "", f"({event.group_name})" if event.group_name else ""]).strip()
    return [
        str(event.id),
        local_time(event.received_at),
        event.kind,
        event.identity_id,
        name,
        "" if event.score is None else f"{event.score:g}",
        device,
    ]


def _show(event: FaceEvent, shown: list[PictureReference], found: list[EventWarning]) -> None:
    known = {
        "id": event.id,
        "sighting": event.sighting_id,
        "kind": event.kind,
        "came to": f"{event.route} from {event.source_address}",
        "received at": local_time(event.received_at),
        "occurred at": local_time(event.occurred_at),
    }
    for name, value in known.items():
        click.echo(f"{name:<14}{value}")
    for picture in shown:
        click.echo(f"{'picture':<14}{picture.pointer}  {picture.media_type}, {picture.size} bytes")
    for odd in found:
        click.echo(f"{'warning':<14}{odd.code}: {odd.pointer.lstrip('/') or 'the body'} {odd.detail}")
    click.echo(f"{'document':<14}{jsontext.dump(event.document)}")
    click.echo("Pictures stand as null here; --json prints the whole document.")

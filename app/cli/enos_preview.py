"""se3 enos preview: what would go to EnOS of one event, and where."""

from datetime import UTC, datetime
from uuid import UUID

import click

from app.cli.opening import open_store
from app.config import Settings, load_settings
from app.domain.events import FaceEvent
from app.domain.picture_links import links_if_set
from app.domain.sightings import reason_to_skip
from app.enos.mapping import Mapping
from app.enos.mapping_file import load_mapping
from app.enos.messages import MOST_BYTES, encode_element, new_message_id, post
from app.enos.picture_members import urls
from app.enos.topics import topics
from app.errors import MappingError, Se3Error
from app.store import events, pictures


@click.command()
@click.argument("event_id", metavar="EVENT", type=click.UUID)
def preview(event_id: UUID) -> None:
    """Print the message that would go to EnOS for one event; nothing is sent.

    Where it would go, or why it would not, stands on standard error.
    """
    settings = load_settings()
    mapping = load_mapping(settings.enos_mapping)
    with open_store() as database, database.read() as connection:
        event = events.get(connection, event_id)
        shown = pictures.shown_by(connection, [event_id])[event_id]
    if event is None:
        raise Se3Error(f"there is no event {event_id}; `se3 events list` shows the newest")
    if reason := reason_to_skip(event, settings.enos_events) or mapping.reason_to_skip(event):
        _tell("skipped", f"it would not go: {reason}")
    _preview(settings, mapping, event, shown)


def _preview(settings: Settings, mapping: Mapping, event: FaceEvent, shown: list[tuple[str, bytes]]) -> None:
    try:
        message = _message(mapping, event, _links(settings, mapping, shown))
    except MappingError as error:
        raise MappingError(f"the event would be parked: {error}") from None
    click.echo(message)
    if channel := mapping.channel_of(event):
        _tell("channel", channel)
        key = _product_key(settings, mapping, channel)
        _tell("topic", topics(key, mapping.mode, leading_slash=settings.enos_topic_slash).post)
    _tell("bytes", f"{len(message)} of {MOST_BYTES}")


def _message(mapping: Mapping, event: FaceEvent, links: dict[str, str]) -> bytes:
    message = post(new_message_id(), mapping.mode, [encode_element(mapping.element(event, links))])
    if len(message) > MOST_BYTES:
        raise MappingError(f"the message has {len(message)} bytes; EnOS takes {MOST_BYTES}")
    return message


def _links(settings: Settings, mapping: Mapping, shown: list[tuple[str, bytes]]) -> dict[str, str]:
    links = links_if_set(
        settings.picture_base_url, settings.picture_link_secret, settings.picture_link_lifetime
    )
    if not mapping.wants_pictures:
        return {}
    if links is None:
        raise Se3Error(
            'the mapping says pictures = "link": that needs PICTURE_BASE_URL and PICTURE_LINK_SECRET'
        )
    return urls(links, shown, datetime.now(UTC))


def _product_key(settings: Settings, mapping: Mapping, channel: str) -> str:
    keys = {entry.name: entry.product_key for entry in mapping.channels}
    return keys.get(channel) or settings.enos_product_key or "{ENOS_PRODUCT_KEY}"


def _tell(name: str, value: str) -> None:
    click.echo(f"{name:<9}{value}", err=True)

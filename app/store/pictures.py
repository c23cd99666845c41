"""Pictures: each kept once, and linked to the places where events show it."""

from collections.abc import Iterator, Sequence
from typing import TypeVar
from uuid import UUID

import pybase64
from sqlalchemy import Connection, insert, select

from app.domain.events import NewEvent, Picture, PictureUse
from app.store.models import EventPictureRow, PictureRow
from app.store.statements import insert_missing

Key = TypeVar("Key", UUID, bytes)

_SLICE = 1000  # parameters of a statement; PostgreSQL takes 65,535


def keep(connection: Connection, new_events: Sequence[NewEvent]) -> None:
    """Store the pictures of new events that are not stored yet, and link all of them."""
    links = [_link(s.event.id, position, use) for s in new_events for position, use in enumerate(s.pictures)]
    if not links:
        return
    _keep_missing(connection, {use.picture.sha256: use.picture for s in new_events for use in s.pictures})
    connection.execute(insert(EventPictureRow), links)


def uses_of(connection: Connection, event_id: UUID) -> list[PictureUse]:
    """Every picture of an event, with its bytes, in the order of their places."""
    rows = connection.execute(
        select(
            EventPictureRow.pointer,
            EventPictureRow.field,
            EventPictureRow.prefix,
            PictureRow.sha256,
            PictureRow.media_type,
            PictureRow.content,
        )
        .join(PictureRow, PictureRow.sha256 == EventPictureRow.sha256)
        .where(EventPictureRow.event_id == event_id)
        .order_by(EventPictureRow.position)
    )
    return [
        PictureUse(place, field, prefix, Picture(sha256, media_type, content))
        for place, field, prefix, sha256, media_type, content in rows
    ]


def get(connection: Connection, sha256: bytes) -> Picture | None:
    """One picture, found by its SHA-256, or None."""
    query = select(PictureRow.sha256, PictureRow.media_type, PictureRow.content)
    row = connection.execute(query.where(PictureRow.sha256 == sha256)).one_or_none()
    return None if row is None else Picture(*row)


def shown_by(connection: Connection, event_ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, bytes]]]:
    """Field and SHA-256 of every picture of each of these events, in the order of their places."""
    shown: dict[UUID, list[tuple[str, bytes]]] = {event_id: [] for event_id in event_ids}
    query = select(EventPictureRow.event_id, EventPictureRow.field, EventPictureRow.sha256).order_by(
        EventPictureRow.event_id, EventPictureRow.position
    )
    for some in _slices(event_ids):
        for event_id, field, sha256 in connection.execute(query.where(EventPictureRow.event_id.in_(some))):
            shown[event_id].append((field, sha256))
    return shown


def text_as_sent(prefix: str, content: bytes) -> str:
    """The base64 text a picture arrived as."""
    return prefix + pybase64.b64encode(content).decode()


def places_of(connection: Connection, event_id: UUID) -> list[tuple[str, str | None]]:
    """Pointer and prefix of every picture of an event."""
    query = select(EventPictureRow.pointer, EventPictureRow.prefix)
    rows = connection.execute(query.where(EventPictureRow.event_id == event_id))
    return [(place, prefix) for place, prefix in rows]


def _keep_missing(connection: Connection, pictures: dict[bytes, Picture]) -> None:
    missing = pictures.keys() - _known(connection, list(pictures))
    # In order, so that two transactions which add the same pictures can't wait for each other.
    if rows := [_row(pictures[sha256]) for sha256 in sorted(missing)]:
        connection.execute(insert_missing(connection, PictureRow), rows)


def _known(connection: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of these pictures that are stored already."""
    return {
        sha256
        for some in _slices(hashes)
        for sha256 in connection.scalars(select(PictureRow.sha256).where(PictureRow.sha256.in_(some)))
    }


def _slices(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[i : i + _SLICE] for i in range(0, len(keys), _SLICE))


def _row(picture: Picture) -> dict[str, object]:
    return {
        "sha256": picture.sha256,
        "media_type": picture.media_type,
        "size": len(picture.content),
        "content": picture.content,
    }


def _link(event_id: UUID, position: int, use: PictureUse) -> dict[str, object]:
    return {
        "event_id": event_id,
        "position": position,
        "pointer": use.pointer,
        "field": use.field,
        "prefix": use.prefix,
        "sha256": use.picture.sha256,
    }

"""Pictures: each kept once, and linked to the places where events show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import pybase64
from sqlalchemy import Connection, select, update

from app.domain.events import NewEvent, Picture, PictureUse
from app.store.driver import Insert, marker, rows_of, slices
from app.store.keyring import Kept, Keyring, keyring_of
from app.store.models import EventPictureRow, PictureRow

_INSERT_MISSING = Insert(
    PictureRow, ("sha256", "media_type", "size", "content", "key_id"), "ON CONFLICT DO NOTHING"
)
_LINK = Insert(EventPictureRow, ("event_id", "position", "pointer", "field", "prefix", "sha256"))
_SLICE = 1000  # parameters of a statement; PostgreSQL takes 65,535


@dataclass(frozen=True, slots=True)
class PictureReference:
    """Where a picture stood in an event's document, and what it is, without its bytes; `size` in bytes."""

    pointer: str
    field: str
    sha256: bytes
    media_type: str
    size: int


def keep(connection: Connection, new_events: Sequence[NewEvent]) -> None:
    """Store the pictures of new events that are not stored yet, or can't be read, and link all of them."""
    pictures = {use.picture.sha256: use.picture for new in new_events for use in new.pictures}
    # In order, so that two transactions which add the same pictures can't wait for each other.
    keyring = keyring_of(connection)
    rows = [_row(pictures[sha256], keyring) for sha256 in sorted(pictures)]
    if _INSERT_MISSING.number(connection, rows) < len(rows):
        _replace_unreadable(connection, pictures, keyring)
    links = [
        _link(new.event.id, position, use) for new in new_events for position, use in enumerate(new.pictures)
    ]
    _LINK.execute(connection, links)


def uses_of(connection: Connection, event_id: UUID) -> list[PictureUse]:
    """Every picture of an event, with its bytes, in the order of their places.

    Raises:
        NotDecrypted: one of them can't be.
    """
    keyring = keyring_of(connection)
    rows = connection.execute(
        select(
            EventPictureRow.pointer,
            EventPictureRow.field,
            EventPictureRow.prefix,
            PictureRow.sha256,
            PictureRow.media_type,
            PictureRow.content,
            PictureRow.key_id,
        )
        .join(PictureRow, PictureRow.sha256 == EventPictureRow.sha256)
        .where(EventPictureRow.event_id == event_id)
        .order_by(EventPictureRow.position)
    )
    return [
        PictureUse(place, field, prefix, _picture(keyring, sha256, media_type, content, key_id))
        for place, field, prefix, sha256, media_type, content, key_id in rows
    ]


def references_of(connection: Connection, event_id: UUID) -> list[PictureReference]:
    """Every picture of an event, in the order of their places."""
    query = (
        select(
            EventPictureRow.pointer,
            EventPictureRow.field,
            EventPictureRow.sha256,
            PictureRow.media_type,
            PictureRow.size,
        )
        .join(PictureRow, PictureRow.sha256 == EventPictureRow.sha256)
        .where(EventPictureRow.event_id == event_id)
        .order_by(EventPictureRow.position)
    )
    return [PictureReference(*row) for row in connection.execute(query)]


def get(connection: Connection, sha256: bytes) -> Picture | None:
    """One picture, found by its SHA-256, or None.

    Raises:
        NotDecrypted: it can't be.
    """
    query = select(PictureRow.sha256, PictureRow.media_type, PictureRow.content, PictureRow.key_id)
    row = connection.execute(query.where(PictureRow.sha256 == sha256)).one_or_none()
    return None if row is None else _picture(keyring_of(connection), *row)


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


def _replace_unreadable(connection: Connection, pictures: dict[bytes, Picture], keyring: Keyring) -> None:
    """Store those of these pictures anew whose key is not here: nobody may ever read the copy that is."""
    for some in slices(sorted(pictures)):
        markers = ", ".join([marker(connection.dialect)] * len(some))
        encrypted = f"SELECT sha256, key_id FROM pictures WHERE key_id IS NOT NULL AND sha256 IN ({markers})"  # noqa: S608 - nothing but markers
        for sha256, key_id in sorted(rows_of(connection, encrypted, some), key=lambda row: bytes(row[0])):
            if not keyring.can_read(bytes(key_id)):
                content, new_id = keyring.encrypt(pictures[sha256].content, sha256)
                statement = update(PictureRow).where(PictureRow.sha256 == sha256)
                connection.execute(statement.values(content=content, key_id=new_id))


def _slices(keys: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (keys[i : i + _SLICE] for i in range(0, len(keys), _SLICE))


def _row(picture: Picture, keyring: Keyring) -> tuple[object, ...]:
    kept = keyring.encrypt(picture.content, picture.sha256)
    return picture.sha256, picture.media_type, len(picture.content), *kept


def _picture(
    keyring: Keyring, sha256: bytes, media_type: str, content: bytes, key_id: bytes | None
) -> Picture:
    return Picture(sha256, media_type, keyring.decrypt(Kept(content, key_id), sha256))


def _link(event_id: UUID, position: int, use: PictureUse) -> tuple[object, ...]:
    return event_id, position, use.pointer, use.field, use.prefix, use.picture.sha256

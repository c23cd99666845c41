"""Removes all there is of a person: events, pictures that show nobody else, deliveries, refused bodies."""

import time
from dataclasses import dataclass

from app.config import Settings
from app.domain.users import Actor
from app.errors import Se3Error
from app.people.refused import refused_bodies_of
from app.people.spooled import remove_spooled
from app.store import audit, quarantine
from app.store.database import Database
from app.store.removal import holds, space
from app.store.removal.people import has_events, held_of, names_of, remove_events_of
from app.store.slices import SLICE

SECONDS = 10.0
"""That a request spends on a person; another one goes on."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed so far. `is_whole`: whether that is all there was.

    `unread`: requests in this machine's spool that can't be read, for want of a key, say. They stay.
    """

    events: int = 0
    pictures: int = 0
    refused: int = 0
    is_whole: bool = False
    unread: int = 0


def forget(
    database: Database, settings: Settings, identity_id: str, by: Actor, seconds: float | None = None
) -> Forgotten | None:
    """Forget a person, and go on where this was broken off before; for so many seconds, if that is given.

    Returns None if there is nothing of them. Whole it is only if all of the spool could be read.

    Before events go, the audit log gets who did it and to which id, and loses each name that they give to the
    person. What comes of them later is stored as ever; so is what waits in other machines' spools.

    Raises:
        Se3Error: the id is empty.
        OnHold: the person is on hold.
        StoreUnavailable: the database can't be used. What was removed stays so.
    """
    if not identity_id:
        raise Se3Error("no id is the id of many, and of nobody")
    end = None if seconds is None else time.monotonic() + seconds
    with database.read() as connection:
        holds.require_none(connection, identity_id)
    events, refused, unread = remove_spooled(settings, identity_id)  # first: it may get there meanwhile
    if not (events or refused or _is_anything_of(database, settings, identity_id)):
        return Forgotten(unread=unread) if unread else None
    _note(database, identity_id, by)
    pictures = 0
    for removed in remove_events_of(database, identity_id):
        events, pictures = events + removed.events, pictures + removed.pictures
        if end is not None and time.monotonic() > end and _has_events(database, identity_id):
            return Forgotten(events, pictures, refused, unread=unread)
    refused += _remove_refused(database, settings, identity_id)
    space.give_back(database)
    space.flush(database)
    return Forgotten(events, pictures, refused, is_whole=not unread, unread=unread)


def _is_anything_of(database: Database, settings: Settings, identity_id: str) -> bool:
    if _has_events(database, identity_id):
        return True
    refused = refused_bodies_of(database, identity_id, settings.max_body_bytes)
    return next(refused, None) is not None


def _has_events(database: Database, identity_id: str) -> bool:
    with database.read() as connection:
        return has_events(connection, identity_id)


def _note(database: Database, identity_id: str, by: Actor) -> None:
    with database.read() as connection:
        found, names = held_of(connection, identity_id), names_of(connection, identity_id)
        mentions = audit.mentions(connection, names)
    for start in range(0, len(mentions), SLICE):
        with database.write() as connection:
            audit.rewrite(connection, mentions[start : start + SLICE])
    with database.write() as connection:
        subject = f"{identity_id}, {found.events} events"
        audit.note(connection, by.name, by.source_address, "person_forgotten", subject)


def _remove_refused(database: Database, settings: Settings, identity_id: str) -> int:
    removed = 0
    for quarantine_id, _ in refused_bodies_of(database, identity_id, settings.max_body_bytes):
        with database.write() as connection:
            removed += quarantine.remove(connection, [quarantine_id])
    return removed

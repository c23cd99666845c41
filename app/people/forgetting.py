"""Removes all there is of a person: events, pictures that show nobody else, deliveries, refused bodies."""

import dataclasses
import time
from dataclasses import dataclass

from app.config import Settings
from app.domain.users import Actor
from app.errors import Se3Error
from app.people.finding import Found, found_of
from app.people.spooled import remove_spooled
from app.store import audit, quarantine
from app.store.database import Database
from app.store.removal import holds, space
from app.store.removal.people import has_events, names_of, remove_events_of
from app.store.slices import SLICE

SECONDS = 10.0
"""That a request spends on a person; another one goes on."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed so far. `is_whole`: whether that is all there was.

    `unreadable`: refused bodies, of whomever, that could not be looked into.
    `unread`: requests in this machine's spool that can't be read, for want of a key, say. They stay.
    """

    events: int = 0
    pictures: int = 0
    refused: int = 0
    is_whole: bool = False
    unreadable: int = 0
    unread: int = 0


def forget(
    database: Database, settings: Settings, identity_id: str, by: Actor, seconds: float | None = None
) -> Forgotten | None:
    """Forget a person, and go on where this was broken off before; for so many seconds, if that is given.

    Returns None if there is nothing of them, as far as can be told. It is whole only if all of the spool
    could be read.

    Before events go, the audit log gets who did it and to which id, and loses each name that they give to the
    person. What comes of them later is stored as ever; so is what waits in other machines' spools. Room is
    given back only where there is no limit in time: that takes long.

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
    events, bodies, unread = remove_spooled(settings, identity_id)  # first: it may get there meanwhile
    found = found_of(
        database, settings, identity_id, (events, bodies), None if seconds is None else seconds / 2
    )
    if not (found.events or found.bodies):
        is_nothing = found.is_whole and not found.unreadable and not unread
        return None if is_nothing else Forgotten(unreadable=found.unreadable, unread=unread)
    _note(database, identity_id, by, found)
    done = _remove(database, identity_id, found, end)
    if seconds is None:
        space.give_back(database)
    space.flush(database)
    return dataclasses.replace(done, is_whole=done.is_whole and not unread, unread=unread)


def _remove(database: Database, identity_id: str, found: Found, end: float | None) -> Forgotten:
    events, refused = found.spooled
    pictures = 0
    for removed in remove_events_of(database, identity_id):
        events, pictures = events + removed.events, pictures + removed.pictures
        if _is_past(end) and not removed.left and _has_events(database, identity_id):
            return Forgotten(events, pictures, refused, unreadable=found.unreadable)
    is_whole = found.is_whole and not found.unreadable
    for start in range(0, len(found.refused), SLICE):
        with database.write() as connection:
            refused += quarantine.remove(connection, found.refused[start : start + SLICE])
        if _is_past(end) and start + SLICE < len(found.refused):
            is_whole = False
            break
    return Forgotten(events, pictures, refused, is_whole, found.unreadable)


def _is_past(end: float | None) -> bool:
    return end is not None and time.monotonic() > end


def _has_events(database: Database, identity_id: str) -> bool:
    with database.read() as connection:
        return has_events(connection, identity_id)


def _note(database: Database, identity_id: str, by: Actor, found: Found) -> None:
    with database.read() as connection:
        mentions = audit.mentions(connection, names_of(connection, identity_id))
    for start in range(0, len(mentions), SLICE):
        with database.write() as connection:
            audit.rewrite(connection, mentions[start : start + SLICE])
    with database.write() as connection:
        subject = f"{identity_id}, {found.events} events, {found.bodies} refused bodies"
        audit.note(connection, by.name, by.source_address, "person_forgotten", subject)

"""Writes all there is of a person into a file that can be handed over to them."""

import os
from collections.abc import Iterator
from pathlib import Path

from app.config import Settings
from app.domain.users import Actor
from app.errors import Se3Error
from app.exports.archive import zip_file
from app.people.finding import Found
from app.people.refused import look_into_refused, not_looked_into
from app.store import audit
from app.store.database import Database
from app.store.event_search import Search


def hand_over(
    database: Database, settings: Settings, identity_id: str, file: Path, found: Found, by: Actor
) -> None:
    """Write a new ZIP: every event as it was sent, its pictures, and the refused bodies that name the person.

    `refused/unreadable.txt` says how many bodies could not be looked into, if any. Only this user may read
    the file. Before anything is written into it, the audit log gets who did this, and what was `found`.

    Raises:
        Se3Error: the file is there already, or can't be written.
        StoreUnavailable: the database can't be read.
    """
    others = _refused(database, settings, identity_id)
    part = file.with_name(file.name + ".part")
    try:
        if file.exists():
            raise Se3Error(f"{file} exists; name a new file")
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as archive:
            _note(database, identity_id, found, by)
            pieces = zip_file(database.read, Search(identity=identity_id), is_whole=True, others=others)
            archive.writelines(pieces)
        part.rename(file)
    except OSError as error:
        raise Se3Error(f"{file} can't be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _note(database: Database, identity_id: str, found: Found, by: Actor) -> None:
    subject = f"{identity_id}, {found.held.events} events, {len(found.refused)} refused bodies"
    with database.write() as connection:
        audit.note(connection, by.name, by.source_address, "person_exported", subject)


def _refused(database: Database, settings: Settings, identity_id: str) -> Iterator[tuple[str, bytes]]:
    unreadable = 0
    for one in look_into_refused(database, identity_id, settings.max_body_bytes):
        unreadable += one.is_theirs is None
        if one.is_theirs:
            yield f"refused/{one.id}", one.body
    if unreadable:
        yield "refused/unreadable.txt", f"{not_looked_into(unreadable)}.\n".encode()

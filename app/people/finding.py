"""What there is of a person: events, refused bodies, and what waits in this machine's spool."""

import time
from dataclasses import dataclass
from uuid import UUID

from app.config import Settings
from app.people.refused import look_into_refused
from app.store.database import Database
from app.store.removal.people import Holding, held_of


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a person. `spooled`: events and refused bodies; `refused`: the ids of those stored.

    `unreadable`: refused bodies, of whomever, that could not be looked into. `is_whole`: whether all others
    were.
    """

    held: Holding
    spooled: tuple[int, int]
    refused: tuple[UUID, ...]
    unreadable: int
    is_whole: bool

    @property
    def events(self) -> int:
        """All of them."""
        return self.held.events + self.spooled[0]

    @property
    def bodies(self) -> int:
        """All refused bodies."""
        return len(self.refused) + self.spooled[1]


def found_of(
    database: Database,
    settings: Settings,
    identity_id: str,
    spooled: tuple[int, int],
    seconds: float | None = None,
) -> Found:
    """Look for all there is of a person; into refused bodies for so many seconds, if that is given.

    `spooled`: what is, or was, in this machine's spool. Look there first, for it moves on into the database.

    Raises:
        StoreUnavailable: the database can't be read.
    """
    end = None if seconds is None else time.monotonic() + seconds
    refused: list[UUID] = []
    unreadable, is_whole = 0, True
    for one in look_into_refused(database, identity_id, settings.max_body_bytes):
        if end is not None and time.monotonic() > end:
            is_whole = False
            break
        unreadable += one.is_theirs is None
        if one.is_theirs:
            refused.append(one.id)
    with database.read() as connection:
        held = held_of(connection, identity_id)
    return Found(held, spooled, tuple(refused), unreadable, is_whole)

"""What the audit log gets of live pages: a row before what it tells of is shown, and few of them."""

import time
from collections.abc import Sequence

from flask import g, request

from app.console.access.guard import note
from app.console.live.feed import Card
from app.store.database import Database

_SECONDS = 60


class Trail:
    """Remembers for whom a row has been written, and until when it is good."""

    def __init__(self, database: Database) -> None:
        """Nobody has seen anything."""
        self._database = database
        self._until: dict[tuple[str, str], float] = {}

    def opened(self, cards: Sequence[Card]) -> None:
        """Note that the present user opens the page with these cards, newest first.

        Raises:
            StoreUnavailable: it can't be noted, so they must not be shown.
        """
        span = f"{len(cards)} from {cards[-1].event.id} to {cards[0].event.id}" if cards else "none"
        note(self._database, "live_seen", span)

    def watched(self, cards: Sequence[Card]) -> None:
        """Note that the present user will have seen these cards and all that come within a minute.

        Where that was noted less than a minute ago, it is not noted again.

        Raises:
            StoreUnavailable: as above.
        """
        key, now = (g.user.name, request.remote_addr or ""), time.monotonic()
        if not cards or self._until.get(key, now) > now:
            return
        note(self._database, "live_watched", f"from {cards[-1].event.id} for {_SECONDS} s")
        self._until = {who: until for who, until in self._until.items() if until > now} | {
            key: now + _SECONDS
        }

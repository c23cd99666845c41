"""The newest events, looked for once for all pages that wait for them."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from app.store import deliveries, event_search, pictures
from app.store.database import Database
from app.store.deliveries import Delivery
from app.store.event_search import EventSummary

Shown = tuple[str, bytes]
"""A picture's field and its SHA-256."""

SHOWN = 24
"""Cards on a page, those of the newest events: what 24 newer ones have pushed off it is not looked for."""

_REST_SECONDS = 0.4  # between two looks
_REST_SECONDS_A_CARD = 0.05  # nobody can follow more than 20 new cards a second


@dataclass(frozen=True, slots=True)
class Card:
    """An event as it was at the look `version`. `number`: its outbox row's, so in the order of storing."""

    number: int
    version: int
    event: EventSummary
    pictures: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The newest events, newest first, as they were at the look `version`."""

    version: int
    cards: tuple[Card, ...]

    def since(self, version: int) -> tuple[Card, ...]:
        """What is new, or has a new state, since that look; everything if this process never made it."""
        return tuple(card for card in self.cards if card.version > version or version > self.version)


class Feed:
    """Looks into the database at most every 0.4 s, whatever the number of threads that ask."""

    def __init__(self, database: Database) -> None:
        """It looks when it is first asked."""
        self._database = database
        self._window = Window(_next_version(0), ())
        self._looking = threading.Lock()
        self._look_at = 0.0

    def window(self) -> Window:
        """The newest events as they were at the last look; the next begins half a second behind its end.

        Where events pour in it begins a little later.

        Raises:
            StoreUnavailable: this look failed. Who asks before the next gets what was found last.
        """
        with self._looking:
            if time.monotonic() >= self._look_at:
                new = 0
                try:
                    new = self._look()
                finally:  # though it fails; and who waited for a slow one does not look again
                    self._look_at = time.monotonic() + max(_REST_SECONDS, new * _REST_SECONDS_A_CARD)
            return self._window

    def _look(self) -> int:
        """Find what there is now; returns how many events are new."""
        known = {card.number: card for card in self._window.cards}
        version = _next_version(self._window.version)
        with self._database.read() as connection:
            newest = deliveries.listed(connection, None, SHOWN)
            new = _cards(connection, [one for one in newest if one.id not in known], version)
        known |= {card.number: card for card in new}
        cards = tuple(_in_state(known[delivery.id], delivery.state, version) for delivery in newest)
        if cards != self._window.cards:
            self._window = Window(version, cards)
        return len(new)


def _cards(connection: Connection, new: Sequence[Delivery], version: int) -> list[Card]:
    ids = [delivery.event_id for delivery in new]
    events = event_search.summaries(connection, ids)
    shown = pictures.shown_by(connection, ids)
    return [
        Card(delivery.id, version, events[delivery.event_id], _side_by_side(shown[delivery.event_id]))
        for delivery in new
    ]


def _side_by_side(shown: Iterable[Shown]) -> tuple[Shown, ...]:
    """The face, or where there is none the scene, and the library photo."""
    by_field = dict(shown)
    wanted = ("recognize_face" if "recognize_face" in by_field else "spot_pic", "reg_pic")
    return tuple((field, by_field[field]) for field in wanted if field in by_field)


def _in_state(card: Card, state: str, version: int) -> Card:
    """The card as it was, or with the new state that its delivery has by this look."""
    if card.event.state == state:
        return card
    return replace(card, version=version, event=replace(card.event, state=state))


def _next_version(last: int) -> int:
    """The time in milliseconds, so that a process which was started again goes on with higher ones."""
    return max(last + 1, time.time_ns() // 1_000_000)

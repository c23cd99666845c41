"""A box's own database, from which it sends its history (SE3 protocol, section 1)."""

from app.simulators.seen import Sighting

ROUND = 100
"""How many sightings a box posts in one round, at most."""


class History:
    """Sightings in their order, and which of them are still to be posted."""

    def __init__(self) -> None:
        """Begin with none."""
        self._sightings: list[Sighting] = []
        self._unanswered: list[Sighting] = []
        self._cursor = 0

    @property
    def waiting(self) -> int:
        """How many are still to be posted, for the first time or again."""
        return len(self._unanswered) + len(self._sightings) - self._cursor

    def add(self, sighting: Sighting) -> None:
        """Keep one more."""
        self._sightings.append(sighting)

    def next_round(self) -> list[Sighting]:
        """Give up to ROUND: those to be posted again, then what follows the cursor, which moves on."""
        again, self._unanswered = self._unanswered[:ROUND], self._unanswered[ROUND:]
        start = self._cursor
        self._cursor = min(start + ROUND - len(again), len(self._sightings))
        return again + self._sightings[start : self._cursor]

    def post_again(self, sighting: Sighting) -> None:
        """Have this one, whose post got no 200, in a later round again."""
        self._unanswered.append(sighting)

    def rewind(self) -> None:
        """Put the cursor back to the first, as a box does that has lost it."""
        self._unanswered, self._cursor = [], 0

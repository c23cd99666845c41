"""What became of claimed rows, kept until the database has taken it."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from app.domain.delivery import DeliveryState, retry_delay
from app.domain.times import EPOCH
from app.store import outbox
from app.store.database import Database
from app.store.outbox import Claimed, Settlement


class Results:
    """One method for each thing that can become of a row; `write` puts all of them into the outbox."""

    def __init__(self, database: Database, rng: random.Random) -> None:
        """`rng` gives the jitter of retries."""
        self._database = database
        self._rng = rng
        self._settlements: list[Settlement] = []
        self._strays: dict[Claimed, str] = {}

    def delivered(self, rows: Iterable[Claimed], code: int) -> None:
        """EnOS took these."""
        self._settle(rows, DeliveryState.DELIVERED, code)

    def parked(self, row: Claimed, code: int | None, reason: str) -> None:
        """EnOS or the mapping refuses this one for good."""
        self._settle([row], DeliveryState.PARKED, code, reason)

    def skipped(self, row: Claimed, reason: str) -> None:
        """This one is not to go to EnOS."""
        now = datetime.now(UTC)
        self._settlements.append(Settlement(row, DeliveryState.SKIPPED, row.attempts, now, None, reason))

    def failed(self, rows: Iterable[Claimed], code: int | None, reason: str) -> None:
        """EnOS was there and did not take these: each is tried again, the later the more often it failed."""
        for row in rows:
            delay = timedelta(seconds=retry_delay(row.attempts + 1, self._rng))
            due_at = datetime.now(UTC) + delay
            self._settlements.append(
                Settlement(row, DeliveryState.PENDING, row.attempts + 1, due_at, code, reason)
            )

    def returned(self, rows: Iterable[Claimed], code: int | None, reason: str | None) -> None:
        """These were not judged: they go again as soon as they can, and it costs them no attempt."""
        self._settlements += [
            Settlement(row, DeliveryState.PENDING, row.attempts, EPOCH, code, reason) for row in rows
        ]

    def stray(self, row: Claimed, channel: str) -> None:
        """Another channel is to take this one."""
        self._strays[row] = channel

    def write(self) -> None:
        """Put everything into the outbox.

        Raises:
            StoreUnavailable: the database can't be used; nothing is forgotten.
        """
        if not self._settlements and not self._strays:
            return
        with self._database.write() as connection:
            outbox.settle(connection, self._settlements, datetime.now(UTC))
            outbox.hand_over(connection, self._strays)
        self._settlements, self._strays = [], {}

    def _settle(
        self, rows: Iterable[Claimed], state: DeliveryState, code: int | None, reason: str | None = None
    ) -> None:
        now = datetime.now(UTC)
        self._settlements += [Settlement(row, state, row.attempts + 1, now, code, reason) for row in rows]

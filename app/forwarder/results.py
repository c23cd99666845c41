"""What became of claimed rows, kept until the database has taken it."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice

from app.domain.delivery import DeliveryState, retry_delay
from app.domain.times import EPOCH
from app.store import outbox
from app.store.database import Database
from app.store.settlements import Claimed, Settlement

_SLICE = 1000  # rows


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

    def skipped(self, row: Claimed, reason: str, channel: str) -> None:
        """This one is not to go to EnOS; it would have gone by `channel`."""
        self._settlements.append(
            Settlement(row, DeliveryState.SKIPPED, row.attempts, EPOCH, None, reason, channel)
        )

    def failed(self, rows: Iterable[Claimed], code: int | None, reason: str) -> None:
        """EnOS was there and did not take these: each is tried again, the later the more often it failed."""
        rows, now = list(rows), datetime.now(UTC)
        # Who failed together is due together: written by one statement, and sent as one message.
        delays = {n: retry_delay(n, self._rng) for n in sorted({row.attempts + 1 for row in rows})}
        for row in rows:
            attempts = row.attempts + 1
            due_at = now + timedelta(seconds=delays[attempts])
            self._settlements.append(Settlement(row, DeliveryState.PENDING, attempts, due_at, code, reason))

    def returned(self, rows: Iterable[Claimed], code: int | None, reason: str | None) -> None:
        """These were not judged: they go again as soon as they can, and it costs them no attempt."""
        self._settlements += [
            Settlement(row, DeliveryState.PENDING, row.attempts, EPOCH, code, reason) for row in rows
        ]

    def stray(self, row: Claimed, channel: str) -> None:
        """Another channel is to take this one."""
        self._strays[row] = channel

    def write(self) -> None:
        """Put everything into the outbox, a slice at a time: the receiver waits for no long transaction.

        Raises:
            StoreUnavailable: the database can't be used; what is not written yet is not forgotten.
        """
        while self._settlements or self._strays:
            some, strays = self._settlements[:_SLICE], dict(islice(self._strays.items(), _SLICE))
            with self._database.write() as connection:
                outbox.hand_over(connection, strays)
                outbox.settle(connection, some, datetime.now(UTC))
            del self._settlements[:_SLICE]
            self._strays = dict(islice(self._strays.items(), _SLICE, None))

    def _settle(
        self, rows: Iterable[Claimed], state: DeliveryState, code: int | None, reason: str | None = None
    ) -> None:
        self._settlements += [Settlement(row, state, row.attempts + 1, EPOCH, code, reason) for row in rows]

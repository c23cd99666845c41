"""What every writer offers: to record what one request brings, and to return once it is on disk."""

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.domain.device_changes import DeviceChange
from app.domain.devices import StatusReport
from app.domain.events import NewEvent, Recorded
from app.domain.refusals import Refusal
from app.errors import NotStored, StoreUnavailable
from app.store.batches import Item
from app.store.counters import Tally

PATIENCE_SECONDS = 15.0  # that a request waits for the database


class Recorder(ABC):
    """Returns what it is given to record only after its COMMIT."""

    def __init__(self) -> None:
        """Nothing to count yet."""
        self._uncounted: Counter[str] = Counter()
        self._counting = threading.Lock()

    def count(self, name: str) -> None:
        """Count once more, with whatever is recorded next: nobody waits for it, or is told if it fails."""
        with self._counting:
            self._uncounted[name] += 1

    def record(self, new_events: Sequence[NewEvent]) -> list[Recorded]:
        """Record the events of one request, all or none; returns their outcomes once they are on disk.

        Raises:
            StoreUnavailable: the database can't be written now, or too many wait already.
            NotStored: the database refuses what the events hold.
        """
        return self._submit(new_events)

    def record_status(self, reports: Sequence[StatusReport]) -> list[list[DeviceChange]]:
        """Record the status reports of one request, all or none; returns what each changed, once on disk.

        Raises:
            StoreUnavailable: as above.
        """
        return self._submit(reports)

    def keep(self, refusal: Refusal) -> UUID:
        """Put a refused body into quarantine; returns its id once it is on disk.

        Raises:
            StoreUnavailable: as above.
        """
        quarantine_id: UUID = self._submit([refusal])[0]
        return quarantine_id

    def _submit(self, items: Sequence[Item]) -> list[Any]:
        """Write these items, and with them what is to be counted."""
        with self._counting:
            uncounted, self._uncounted = self._uncounted, Counter()
        try:
            outcomes = self.submit([*items, *(Tally(name, number) for name, number in uncounted.items())])
        except (StoreUnavailable, NotStored):
            with self._counting:
                self._uncounted += uncounted
            raise
        return outcomes[: len(items)]

    @abstractmethod
    def submit(self, items: Sequence[Item]) -> list[Any]:
        """Write the items of one request, all or none; returns an outcome for each, once on disk.

        Raises:
            StoreUnavailable: as above.
            NotStored: as above.
        """

    @abstractmethod
    def close(self) -> None:
        """Finish what is being done; nothing may be recorded afterwards."""

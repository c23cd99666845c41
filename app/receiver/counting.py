"""Counts what comes, for Prometheus: by route, by what became of it, and by box."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from app.domain.devices import StatusReport
from app.domain.events import Kind, NewEvent, Recorded
from app.domain.texts import shown
from app.errors import StoreUnavailable
from app.harmless import harmless
from app.receiver.paths import STATUS
from app.store import devices
from app.store.database import Database
from app.telemetry.metrics import EVENTS_RECEIVED

OTHER = "other"
"""A path that takes nothing; and a box that has sent no status report, for anybody can make up names."""

WEBSOCKET = "websocket"

_KNOWN_SECONDS = 60.0
_PROMPT_SECONDS = 0.1
_MOST_BOXES = 1000


class Counting:
    """Knows the boxes that have sent status reports, as of a minute ago at most."""

    def __init__(self, database: Database) -> None:
        """Nothing is read before something was stored there."""
        self._database = database
        self._names: dict[str, str] = {}
        self._labels: set[str] = set()
        self._read_again_at = 0.0
        self._reading = threading.Thread()

    def events(self, route: str, new_events: Sequence[NewEvent], recorded: Sequence[Recorded]) -> None:
        """Count events that were stored, or were there before."""
        with harmless("events"):
            for new, outcome in zip(new_events, recorded, strict=True):
                became = "duplicate" if outcome.duplicate else "stored"
                EVENTS_RECEIVED.labels(route, became, self._name(new.event.dev_sno)).inc()

    def reports(self, reports: Sequence[StatusReport]) -> None:
        """Count status reports that were stored."""
        with harmless("status reports"):
            for report in reports:
                EVENTS_RECEIVED.labels(STATUS, "stored", self._name(report.key)).inc()

    def _name(self, key: str | None) -> str:
        """The label of a box: a reply does not wait for a database that hangs."""
        if time.monotonic() >= self._read_again_at:
            self._read_again_at = time.monotonic() + _KNOWN_SECONDS
            if not self._reading.is_alive():
                self._reading = threading.Thread(target=self._read, daemon=True)
                self._reading.start()
                self._reading.join(_PROMPT_SECONDS)
        return self._names.get(key or "", OTHER)

    def _read(self) -> None:
        """Read the boxes. Each gets its counters now: one that rises from nothing looks as if it had not."""
        with suppress(StoreUnavailable), self._database.read() as connection:  # what was stored is answered
            self._names = self._named(devices.keys(connection, _MOST_BOXES))
        for name in self._names.values():
            for kind in Kind:
                EVENTS_RECEIVED.labels(kind.value, "stored", name)

    def _named(self, keys: Sequence[str]) -> dict[str, str]:
        """The label of each box; a label is never taken back, so that boxes come and go adds up."""
        names = {key: shown(key) for key in keys}
        for name in names.values():
            if len(self._labels) < _MOST_BOXES:
                self._labels.add(name)
        return {key: name for key, name in names.items() if name in self._labels}


def refused(route: str) -> None:
    """Count a body that was refused; whose it is nobody knows."""
    with harmless("refused bodies"):
        EVENTS_RECEIVED.labels(route, "refused", OTHER).inc()


def failed(route: str) -> None:
    """Count a body that was not stored for a fault of our own: the database was away, say."""
    with harmless("failures"):
        EVENTS_RECEIVED.labels(route, "failed", OTHER).inc()

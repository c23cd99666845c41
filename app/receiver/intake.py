"""Takes messages one at a time, each the way of a posted body; but nobody would send them again."""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from app.config import Settings
from app.domain.events import Arrival, Kind
from app.errors import OwnFault, Refused, StoreUnavailable
from app.receiver import counting
from app.receiver.body.decoding import decode
from app.receiver.counting import WEBSOCKET, Counting
from app.receiver.event.reading import read_events
from app.receiver.refusing import log_refused, refusal
from app.store.recorder import Recorder

STORE_RETRY_SECONDS = 2.0

_METHOD = "MESSAGE"  # where a posted body has its HTTP method
_CONTENT_TYPE = "application/json"
_OWN_FAULT = "The receiver failed on this message; its log says where. The message is kept."

Outcome = TypeVar("Outcome")

log = structlog.get_logger(__name__)


class Intake:
    """Records real-time events from many threads, and keeps what has to be refused."""

    def __init__(
        self, settings: Settings, writer: Recorder, counting: Counting, stop: threading.Event
    ) -> None:
        """`stop` ends the wait for a database that is away."""
        self._settings = settings
        self._writer = writer
        self._counting = counting
        self._stop = stop

    def take(self, body: bytes, arrival: Arrival) -> None:
        """Store the events of a message, or keep it with its reasons; returns once that is on disk.

        While the database is away it tries again and again, so that whoever sends has to wait.

        Raises:
            StoreUnavailable: the database was still away when `stop` was set; the message is lost.
        """
        try:
            self._record(body, arrival)
        except StoreUnavailable:
            raise
        except Refused as error:
            self._refuse(error, body, arrival)
        except Exception:  # the messages behind it must not wait for a mended program
            log.exception("message_failed", path=arrival.route)
            self._refuse(OwnFault(_OWN_FAULT), body, arrival)

    def _record(self, body: bytes, arrival: Arrival) -> None:
        decoded = decode(body, _CONTENT_TYPE, self._settings.max_body_bytes)
        new_events = read_events(Kind.REALTIME, decoded, arrival, self._settings)
        recorded = self._until_stored(lambda: self._writer.record(new_events), arrival)
        self._counting.events(WEBSOCKET, new_events, recorded)
        for event in recorded:
            log.info("event_stored", id=str(event.id), kind=Kind.REALTIME.value, duplicate=event.duplicate)

    def _refuse(self, error: Refused, body: bytes, arrival: Arrival) -> None:
        """Keep the message; of an empty one there is nothing to keep."""
        refused = refusal(error, arrival, _METHOD, _CONTENT_TYPE, body)
        kept = str(self._until_stored(lambda: self._writer.keep(refused), arrival)) if body else None
        count = counting.failed if isinstance(error, OwnFault) else counting.refused
        count(WEBSOCKET)
        log_refused(error, arrival, kept)

    def _until_stored(self, write: Callable[[], Outcome], arrival: Arrival) -> Outcome:
        said = False
        while True:
            try:
                return write()
            except StoreUnavailable as error:
                if not said:
                    log.error("store_unavailable", path=arrival.route, reason=str(error))
                said = True
                if self._stop.wait(STORE_RETRY_SECONDS):
                    log.error("event_lost", path=arrival.route, reason=str(error))
                    raise

"""Events for tests that begin behind the receiver's door."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.config import Settings
from app.domain.events import Arrival, Kind, NewEvent
from app.receiver.body.decoding import Decoded, Encoding
from app.receiver.event.reading import read_events
from app.store.quarantine import Bounds
from tests.support.payloads import payload

BOUNDS = Bounds(2**20, 1000, timedelta(days=1))
RECEIVED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def new_event(
    number: int = 0, *, kind: Kind = Kind.HISTORY, form: str = "history-contract", **changes: Any
) -> NewEvent:
    """A payload as an event, the contract's sample unless `form` names another.

    Another `number` is another event.
    """
    document = payload(form) | {"timestamp": 1_566_016_554_000 + number} | changes
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT)
    [read] = read_events(kind, Decoded([document], Encoding.JSON), arrival, Settings())
    return read

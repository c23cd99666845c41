"""Status reports for tests that begin behind the receiver's door."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.devices import StatusReport
from app.domain.events import Arrival
from app.receiver.body.decoding import Decoded, Encoding
from app.receiver.status.reading import read_reports
from tests.support.payloads import payload

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds after the beginning."""
    return BEGIN + timedelta(seconds=seconds)


def new_report(seconds: float = 0, **changes: Any) -> StatusReport:
    """The V2R4 sample, changed, as it came so many seconds after the beginning."""
    arrival = Arrival("/DeviceStatus", "192.0.2.7", at(seconds))
    [report] = read_reports(Decoded([payload("status-v2r4") | changes], Encoding.JSON), arrival)
    return report

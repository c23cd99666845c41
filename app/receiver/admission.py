"""Refused bodies are read anew: after a setting changed, or with a corrected body."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.config import Settings
from app.domain.devices import StatusReport
from app.domain.events import Arrival, Kind, NewEvent, Recorded
from app.domain.refusals import Quarantined
from app.errors import BrokenOff, Se3Error
from app.receiver.body.decoding import decode
from app.receiver.event.reading import read_events
from app.receiver.paths import STATUS, Report, report_of
from app.receiver.status.reading import read_reports
from app.store import devices, events, quarantine
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Admission:
    """How to read bodies from quarantine anew.

    `holds`: what they hold; None goes by the path they came to. `body`: one to take in place of the kept one.
    """

    holds: Report | None = None
    body: bytes | None = None


def admit(
    database: Database,
    settings: Settings,
    quarantine_id: UUID,
    admission: Admission,
    write_too: Callable[[Any], None] = lambda _connection: None,
) -> Sequence[Recorded | StatusReport]:
    """Record what a refused body holds, as of when it first came, and delete it, in one transaction.

    Returns what became of each event, or the status reports. `write_too` is called with the transaction's
    connection.

    Raises:
        Refused: it is still wrong; it stays where it is.
        Se3Error: there is no such body, or nothing tells what it holds.
        StoreUnavailable: the database can't be used.
    """
    with database.read() as connection:
        found = quarantine.get(connection, quarantine_id)
    if found is None:
        raise Se3Error(f"there is no refused body {quarantine_id}; `se3 quarantine list` shows the newest")
    refused, kept = found
    read = _read(refused, kept, admission, settings)
    with database.write() as connection:
        new_events = [item for item in read if isinstance(item, NewEvent)]
        reports = [item for item in read if isinstance(item, StatusReport)]
        recorded = events.record(connection, new_events)
        quarantine.remove(connection, [quarantine_id])  # in the order in which the receiver writes
        devices.record(connection, reports)
        write_too(connection)
    return [*recorded, *reports]


def _read(
    refused: Quarantined, kept: bytes, admission: Admission, settings: Settings
) -> Sequence[NewEvent | StatusReport]:
    if refused.code == BrokenOff.code and admission.body is None:
        raise Se3Error("only a part of it came; give the whole of it with --body, or discard it")
    holds = admission.holds or _held_by(refused, settings)
    body, content_type = (kept, refused.content_type) if admission.body is None else (admission.body, "")
    decoded = decode(body, content_type, settings.max_body_bytes)
    arrival = Arrival(refused.route, refused.source_address, refused.first_received_at)
    if holds == STATUS:
        return read_reports(decoded, arrival)
    return read_events(Kind(holds), decoded, arrival, settings)


def _held_by(refused: Quarantined, settings: Settings) -> Report:
    if refused.route.startswith(("ws://", "wss://")):  # what boxes serve there is real-time only
        return Kind.REALTIME
    if report := report_of(refused.route, settings):
        return report
    raise Se3Error(f"it came to {refused.route}, which takes nothing: say what it holds with --kind")

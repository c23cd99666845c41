"""Refused bodies are read anew: after a setting changed, or with a corrected body."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from app.config import Settings
from app.domain.devices import StatusReport
from app.domain.events import Arrival, Kind, NewEvent, Recorded
from app.domain.refusals import Quarantined
from app.domain.users import Actor
from app.domain.warnings import EventWarning, WarningCode
from app.errors import BrokenOff, OwnFault, Se3Error, StoreUnavailable
from app.receiver.allowed_boxes import require_allowed
from app.receiver.body.decoding import decode
from app.receiver.event.reading import read_events
from app.receiver.paths import STATUS, Report, report_of
from app.receiver.refused.changes import changes
from app.receiver.refused.opening import open_body
from app.receiver.status.reading import read_reports
from app.store import audit, devices, events, quarantine
from app.store.database import Database

Item = NewEvent | StatusReport

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """How to read bodies from quarantine anew, and who has it done.

    `holds`: what they hold; None goes by the path they came to. `body`: one to take in place of the kept
    one, of `content_type`.
    """

    by: Actor
    holds: Report | None = None
    body: bytes | None = None
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a body: what was recorded, or why it stays where it is."""

    quarantine_id: UUID
    recorded: Sequence[Recorded | StatusReport] = ()
    fault: Se3Error | None = None


def admit(
    database: Database, settings: Settings, quarantine_id: UUID, admission: Admission
) -> Sequence[Recorded | StatusReport]:
    """Record what a refused body holds, as of when it first came, and delete it, in one transaction.

    Returns what became of each event, or the status reports. The audit log gets who did it, and what was
    changed; of that each event gets a warning, too.

    Raises:
        Refused: it is still wrong, or this program fails on it; it stays where it is.
        Se3Error: there is no such body, or nothing tells what it holds.
        StoreUnavailable: the database can't be used.
    """
    with database.read() as connection:
        found = quarantine.get(connection, quarantine_id)
    if found is None:
        raise _is_gone(quarantine_id)
    changed = _changes(*found, admission, settings)
    read = _with_changes(read_anew(*found, admission, settings), changed)
    with _own_faults(quarantine_id), database.write() as connection:
        new_events = [item for item in read if isinstance(item, NewEvent)]
        reports = [item for item in read if isinstance(item, StatusReport)]
        recorded = events.record(connection, new_events)
        if not quarantine.remove(connection, [quarantine_id]):  # in the order in which the receiver writes
            raise _is_gone(quarantine_id)
        devices.record(connection, reports)
        subject = _subject(quarantine_id, [*recorded, *reports], changed)
        audit.note(connection, admission.by.name, admission.by.source_address, "refused_admitted", subject)
    return [*recorded, *reports]


def admit_each(
    database: Database, settings: Settings, quarantine_ids: Iterable[UUID], admission: Admission
) -> Iterator[Outcome]:
    """Admit one after the other; those that are still wrong stay where they are, and hold up no other.

    Raises:
        StoreUnavailable: the database can't be used.
    """
    for quarantine_id in quarantine_ids:
        try:
            yield Outcome(quarantine_id, admit(database, settings, quarantine_id, admission))
        except StoreUnavailable:
            raise
        except Se3Error as error:
            yield Outcome(quarantine_id, fault=error)


def discard(database: Database, quarantine_ids: Sequence[UUID], by: Actor, reason: str = "") -> int:
    """Delete refused bodies for good; returns how many were there. The audit log gets each, and the reason.

    Raises:
        StoreUnavailable: the database can't be used; none was deleted.
    """
    deleted = 0
    with database.write() as connection:
        for quarantine_id in quarantine_ids:
            if quarantine.remove(connection, [quarantine_id]):
                deleted += 1
                subject = f"{quarantine_id} {reason}".strip()
                audit.note(connection, by.name, by.source_address, "refused_discarded", subject)
    return deleted


def read_anew(
    refused: Quarantined, kept: bytes, admission: Admission, settings: Settings
) -> Sequence[NewEvent | StatusReport]:
    """Read what a refused body holds; nothing is recorded yet.

    Raises:
        Refused: it is still wrong, or of a box that RECEIVER_BOXES lacks, or this program fails on it.
        Se3Error: nothing tells what it holds.
    """
    if refused.code == BrokenOff.code and admission.body is None:
        raise Se3Error("only a part of it came; give the whole of it with --body, or discard it")
    holds = admission.holds or held_by(refused, settings)
    if holds is None:
        raise Se3Error(f"it came to {refused.route}, which takes nothing: say what it holds with --kind")
    body, content_type = _body_of(refused, kept, admission)
    arrival = Arrival(refused.route, refused.source_address, refused.first_received_at)
    with _own_faults(refused.id):
        decoded = decode(body, content_type, settings.max_body_bytes)
        if holds == STATUS:
            return read_reports(decoded, arrival)
        found = read_events(Kind(holds), decoded, arrival, settings)
        require_allowed(found, settings.receiver_boxes)
        return found


def held_by(refused: Quarantined, settings: Settings) -> Report | None:
    """What a body holds by the path that it came to; None if that tells nothing."""
    if refused.route.startswith(("ws://", "wss://")):  # what boxes serve there is real-time only
        return Kind.REALTIME
    return report_of(refused.route, settings)


def _body_of(refused: Quarantined, kept: bytes, admission: Admission) -> tuple[bytes, str]:
    if admission.body is None:
        return kept, refused.content_type
    return admission.body, admission.content_type


def _changes(refused: Quarantined, kept: bytes, admission: Admission, settings: Settings) -> str:
    """What a corrected body changes, and which body it corrects; "" for the kept one."""
    if admission.body is None:
        return ""
    most = settings.max_body_bytes
    before = open_body(kept, refused.content_type, most)
    after = open_body(admission.body, admission.content_type, most)
    return changes(before, after, admission.body.decode(errors="replace"))


def _with_changes(read: Sequence[Item], changed: str) -> Sequence[Item]:
    if not changed:
        return read
    warning = EventWarning(
        WarningCode.CORRECTED, "", f"was corrected by hand before it was admitted: {changed}"
    )
    return [
        dataclasses.replace(item, warnings=(*item.warnings, warning)) if isinstance(item, NewEvent) else item
        for item in read
    ]


def _subject(quarantine_id: UUID, recorded: Sequence[Recorded | StatusReport], changed: str) -> str:
    """Which body became what, and how it was changed."""
    became = " ".join(item.key if isinstance(item, StatusReport) else str(item.id) for item in recorded)
    return f"{quarantine_id} as {became}" + (f", corrected: {changed}" if changed else "")


def _is_gone(quarantine_id: UUID) -> Se3Error:
    return Se3Error(f"there is no refused body {quarantine_id}; `se3 quarantine list` shows the newest")


@contextmanager
def _own_faults(quarantine_id: UUID) -> Iterator[None]:
    """Have a fault of this program be a reason like any other: those behind it are admitted all the same."""
    try:
        yield
    except Se3Error:
        raise
    except Exception as error:
        log.exception("admission_failed", quarantine=str(quarantine_id))
        raise OwnFault(f"this program fails on it: {type(error).__name__}; report it") from error

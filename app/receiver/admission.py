"""Refused bodies are read anew: after a setting changed, or with a corrected body."""

from dataclasses import dataclass
from uuid import UUID

from app.config import Settings
from app.domain.events import Arrival, Kind, Recorded
from app.domain.refusals import Quarantined
from app.errors import Se3Error
from app.receiver.decoding import decode
from app.receiver.reading import read_events
from app.receiver.routes import paths_of
from app.store import events, quarantine
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Admission:
    """How to read bodies from quarantine anew.

    `kind`: what they hold; None goes by the path they came to. `body`: one to take in place of the kept one.
    """

    kind: Kind | None = None
    body: bytes | None = None


def admit(
    database: Database, settings: Settings, quarantine_id: UUID, admission: Admission
) -> list[Recorded]:
    """Record what a refused body holds, as of when it first came, and delete it, in one transaction.

    Raises:
        Refused: it is still wrong; it stays where it is.
        Se3Error: there is no such body, or nothing tells its kind.
        StoreUnavailable: the database can't be used.
    """
    with database.read() as connection:
        found = quarantine.get(connection, quarantine_id)
    if found is None:
        raise Se3Error(f"there is no refused body {quarantine_id}; `se3 quarantine list` shows the newest")
    refused, kept = found
    body, content_type = (kept, refused.content_type) if admission.body is None else (admission.body, "")
    decoded = decode(body, content_type, settings.max_body_bytes)
    arrival = Arrival(refused.route, refused.source_address, refused.first_received_at)
    read = read_events(admission.kind or _kind_of(refused, settings), decoded, arrival, settings)
    with database.write() as connection:
        recorded = events.record(connection, read)
        quarantine.remove(connection, [quarantine_id])
    return recorded


def _kind_of(refused: Quarantined, settings: Settings) -> Kind:
    if refused.route.startswith(("ws://", "wss://")):  # what boxes serve there is real-time only
        return Kind.REALTIME
    for kind, paths in paths_of(settings).items():
        if refused.route in paths:
            return kind
    raise Se3Error(f"it came to {refused.route}, which takes no events: name its kind with --kind")

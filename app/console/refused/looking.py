"""What a page shows of one refused body: the body, and whether it would be admitted now."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import abort
from flask_babel import gettext

from app.config import Settings
from app.console.access.guard import actor
from app.console.refused.lines import Line, lines_of
from app.domain.events import Kind
from app.domain.refusals import Quarantined
from app.errors import Problem, Refused, Se3Error
from app.receiver.paths import STATUS, Report
from app.receiver.refused.admission import Admission, held_by, read_anew
from app.receiver.refused.editing import Editor, editor_of
from app.receiver.refused.opening import Opened, open_body
from app.store import quarantine
from app.store.database import Database

HOLDS: tuple[Report, ...] = (Kind.HISTORY, Kind.REALTIME, STATUS)
"""What a refused body may be said to hold."""


@dataclass(frozen=True, slots=True)
class Look:
    """A refused body, opened. `holds` is what its path says that it holds, None if that says nothing."""

    refused: Quarantined
    kept: bytes
    opened: Opened
    editor: Editor | None
    holds: Report | None


def look_at(database: Database, settings: Settings, quarantine_id: UUID) -> Look:
    """Open a refused body; 404 where there is none with this id."""
    with database.read() as connection:
        refused, kept = quarantine.get(connection, quarantine_id) or abort(404)
    opened = open_body(kept, refused.content_type, settings.max_body_bytes)
    return Look(refused, kept, opened, editor_of(opened), held_by(refused, settings))


def problems_now(look: Look, settings: Settings) -> Sequence[Problem]:
    """What is wrong with a body by today's settings; nothing: it can be admitted as it is."""
    try:
        read_anew(look.refused, look.kept, Admission(actor(), look.holds or Kind.HISTORY), settings)
    except Se3Error as error:
        return problems_of(error)
    return ()


def problems_of(error: Se3Error) -> Sequence[Problem]:
    """Each reason that an error gives."""
    return error.problems if isinstance(error, Refused) else (Problem("", str(error)),)


def marked(opened: Opened, problems: Sequence[Problem], refused: Quarantined) -> list[Line]:
    """A body's lines with what is wrong now, or else with what it was refused for."""
    then = [Problem(problem["pointer"], problem["detail"]) for problem in refused.problems]
    return lines_of(opened, problems or then)


def named_holds(holds: Report) -> tuple[str, str]:
    """What a body holds, with its name."""
    names = {
        Kind.HISTORY: gettext("history event"),
        Kind.REALTIME: gettext("real-time event"),
        STATUS: gettext("status report"),
    }
    return str(holds), names[holds]

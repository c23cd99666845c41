"""What an operator does with one refused body as it is: admit it, or discard it."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.config import Settings
from app.console.access.guard import actor
from app.console.notices import done
from app.console.refused.looking import HOLDS, Look, look_at, marked, named_holds, problems_now, problems_of
from app.domain.events import Recorded
from app.errors import Problem, Se3Error, StoreUnavailable
from app.receiver.paths import Report
from app.receiver.refused import admission as bodies
from app.receiver.refused.admission import Admission
from app.store.database import Database

Reply = AnyResponse | str | tuple[str, int]

_LONGEST_REASON = 500  # characters


def add_actions(refused: Blueprint, settings: Settings, database: Database) -> None:
    """Add them to the pages."""

    @refused.post("/refused/<uuid:quarantine_id>/admit")
    def admit(quarantine_id: UUID) -> Reply:
        look = look_at(database, settings, quarantine_id)
        outcome = attempt(database, settings, quarantine_id, Admission(actor(), read_holds()))
        return outcome if isinstance(outcome, AnyResponse) else (page_of_one(look, outcome), 422)

    @refused.post("/refused/<uuid:quarantine_id>/discard")
    def discard(quarantine_id: UUID) -> Reply:
        look = look_at(database, settings, quarantine_id)
        reason = read_reason()
        if not reason:
            return page_of_one(look, problems_now(look, settings), lacks_reason=True), 422
        return done("discarded", bodies.discard(database, [quarantine_id], actor(), reason), "refused.find")


def attempt(
    database: Database, settings: Settings, quarantine_id: UUID, admission: Admission
) -> AnyResponse | Sequence[Problem]:
    """Admit a body, and lead to what it became; or say what is still wrong.

    Raises:
        StoreUnavailable: the database can't be used.
    """
    try:
        recorded = bodies.admit(database, settings, quarantine_id, admission)
    except StoreUnavailable:
        raise
    except Se3Error as error:
        return problems_of(error)
    events = [item.id for item in recorded if isinstance(item, Recorded)]
    if len(events) == 1:
        return done("admitted", 1, "events.show", event_id=events[0])
    return done("admitted", 1, "refused.find")


def read_holds() -> Report | None:
    """What a form says that a body holds; None: what its path says."""
    typed = request.form.get("holds")
    return next((holds for holds in HOLDS if holds == typed), None)


def read_reason() -> str:
    """Why something is discarded, on one line; "" for nothing, or for what no text in PostgreSQL may hold."""
    typed = request.form.get("reason", "")
    return "" if "\x00" in typed else " ".join(typed.split())[:_LONGEST_REASON]


def page_of_one(look: Look, problems: Sequence[Problem], **context: object) -> str:
    """The page of a body, with what is wrong with it."""
    lines = marked(look.opened, problems, look.refused)
    return page("refused/one.html", look, problems=problems, lines=lines, **context)


def page(template: str, look: Look, **context: object) -> str:
    """A page about one body, with a choice of what it may hold."""
    chosen = read_holds() or look.holds
    all_holds = [named_holds(holds) for holds in HOLDS]
    return render_template(template, look=look, all_holds=all_holds, chosen=chosen, **context)

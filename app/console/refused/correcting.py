"""The page on which an operator corrects a refused body and admits it."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as AnyResponse

from app.config import Settings
from app.console.access.guard import actor, note
from app.console.refused.actions import Reply, attempt, page, read_holds
from app.console.refused.looking import Look, look_at, marked, problems_now
from app.errors import Problem
from app.receiver.refused.admission import Admission
from app.receiver.refused.editing import EditedBody, Editor, Field
from app.receiver.refused.opening import Opened, open_body
from app.store.database import Database

_MOST_PARTS = 2100  # two for each of the fields that a form may have, and some more
_FREE_FIELDS = 3


def add_correcting(refused: Blueprint, settings: Settings, database: Database) -> None:
    """Add it to the pages."""

    @refused.url_value_preprocessor
    def take_long_forms(endpoint: str | None, _values: object) -> None:
        """A corrected body may be as long as one that a box sends; this comes before the form is read."""
        if endpoint == "refused.edit":
            request.max_content_length = request.max_form_memory_size = settings.max_body_bytes
            request.max_form_parts = _MOST_PARTS

    @refused.route("/refused/<uuid:quarantine_id>/edit", methods=["GET", "POST"])
    def edit(quarantine_id: UUID) -> Reply:
        look = look_at(database, settings, quarantine_id)
        editor = look.editor or abort(404)
        if request.method == "GET":
            note(database, "refused_body_seen", f"{quarantine_id} to correct it")
            return _page(look, look.opened, editor.fields, problems_now(look, settings))
        typed = _typed(editor)
        edited = editor.edited(typed)
        admission = Admission(actor(), read_holds(), edited.body, edited.content_type)
        outcome = attempt(database, settings, quarantine_id, admission)
        if isinstance(outcome, AnyResponse):
            return outcome
        return _page(look, _opened(look, edited, settings), typed, outcome), 422


def _typed(editor: Editor) -> list[Field]:
    names, texts = request.form.getlist("name"), request.form.getlist("text")
    if not editor.is_form:
        return [Field("", "".join(texts[:1]))]
    return [Field(name, text) for name, text in zip(names, texts, strict=False)]


def _opened(look: Look, edited: EditedBody, settings: Settings) -> Opened:
    if edited.body is None:
        return look.opened
    return open_body(edited.body, edited.content_type, settings.max_body_bytes)


def _page(look: Look, opened: Opened, typed: Sequence[Field], problems: Sequence[Problem]) -> str:
    """The page with what was typed, and below it the body with its faults."""
    is_form = look.editor is not None and look.editor.is_form
    free = [Field("", "")] * (_FREE_FIELDS if is_form else 0)
    lines = marked(opened, problems, look.refused)
    fields = [*typed, *free]
    return page("refused/edit.html", look, problems=problems, lines=lines, fields=fields, is_form=is_form)

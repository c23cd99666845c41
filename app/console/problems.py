"""Errors as pages that say what is wrong and what to do; for programs, as problem details."""

import structlog
from flask import Flask, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from app.api.problems import problem_details
from app.console.access.programs import is_for_programs
from app.errors import StoreUnavailable

log = structlog.get_logger(__name__)


def answer_problems(app: Flask) -> None:
    """Have every error of a request answered."""

    @app.errorhandler(HTTPException)
    def http_problem(error: HTTPException) -> AnyResponse | tuple[str, int]:
        if is_for_programs():
            return problem_details(error)
        status = error.code or 500
        known = {
            403: gettext("Your role does not allow this, or the form is of another session. Log in again."),
            404: gettext("There is no such page, event or picture."),
        }
        return _page(status, error.name, known.get(status, error.description or ""))

    @app.errorhandler(StoreUnavailable)
    def unavailable(error: StoreUnavailable) -> AnyResponse | tuple[str, int]:
        log.error("store_unavailable", path=request.endpoint, reason=str(error))
        if is_for_programs():
            return problem_details(ServiceUnavailable("The database can't be used now.", retry_after=5))
        return _page(503, gettext("The database can't be used now"), gettext("The console's log says why."))


def _page(status: int, title: str, detail: str) -> tuple[str, int]:
    return render_template("problem.html", title=title, detail=detail), status

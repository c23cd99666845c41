"""Errors as pages that say what is wrong and what to do; for programs, as problem details."""

from collections.abc import Mapping

import structlog
from flask import Flask, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response as AnyResponse

from app.api.problems import problem_details
from app.console import undecrypted
from app.console.access.programs import is_for_programs
from app.errors import NotDecrypted, StoreUnavailable

log = structlog.get_logger(__name__)


def answer_problems(app: Flask) -> None:
    """Have every error of a request answered."""

    @app.errorhandler(HTTPException)
    def http_problem(error: HTTPException) -> AnyResponse | tuple[str, int]:
        if is_for_programs():
            return problem_details(error)
        status = error.code or 500
        return _page(status, _names().get(status, error.name), _detail(error, status))

    @app.errorhandler(StoreUnavailable)
    def unavailable(error: StoreUnavailable) -> AnyResponse | tuple[str, int]:
        log.error("store_unavailable", path=request.endpoint, reason=str(error))
        if is_for_programs():
            return problem_details(ServiceUnavailable("The database can't be used now.", retry_after=5))
        return _page(503, gettext("The database can't be used now"), gettext("The console's log says why."))

    @app.errorhandler(NotDecrypted)
    def not_decrypted(error: NotDecrypted) -> AnyResponse | tuple[str, int]:
        log.error("picture_not_decrypted", path=request.endpoint, reason=str(error))
        if is_for_programs():
            return problem_details(ServiceUnavailable(f"It can't be decrypted: {error}."))
        return _page(503, gettext("It can't be decrypted"), undecrypted.cause(error))


def _names() -> Mapping[int, str]:
    """What each error is called: the exceptions' own names are English only, as are their descriptions."""
    return {
        400: gettext("Bad request"),
        403: gettext("Forbidden"),
        404: gettext("Not found"),
        405: gettext("Method not allowed"),
        409: gettext("Not possible now"),
        413: gettext("Too large"),
        422: gettext("Not accepted"),
        429: gettext("Too many requests"),
        500: gettext("Internal error"),
        503: gettext("Not available"),
    }


def _detail(error: HTTPException, status: int) -> str:
    """What whoever raised it says, else what this kind of error means here."""
    if error.description != type(error).description:
        return error.description or ""
    known = {
        400: gettext("Go back, load the page again, and try once more."),
        403: gettext("Your role does not allow this, or the form is of another session. Log in again."),
        404: gettext("There is no such page, event or picture."),
        405: gettext("This address is for the button of a page."),
        413: gettext("So much can't be sent at once."),
        500: gettext("The console's log says why."),
        503: gettext("Try again in a moment."),
    }
    return str(known.get(status, error.description or ""))


def _page(status: int, title: str, detail: str) -> tuple[str, int]:
    return render_template("problem.html", title=title, detail=detail), status

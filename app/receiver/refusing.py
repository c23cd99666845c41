"""Whatever is refused is kept in quarantine, then answered with every reason."""

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound

from app.domain.events import Arrival
from app.domain.refusals import Refusal
from app.errors import NotStored, OwnFault, Refused, StoreUnavailable, UnknownPath, WrongMethod
from app.receiver import counting, replies
from app.receiver.paths import loggable
from app.receiver.requests import printable
from app.store.recorder import Recorder

_UNKNOWN_PATH = "This path takes nothing; /HistoryEvent, /RealTimeEvent and /DeviceStatus do"
_OWN_FAULT = "The receiver failed on this body; its log says where. The body is kept."

log = structlog.get_logger(__name__)


def answer_errors(app: Flask, writer: Recorder, refused_status: int | None) -> None:
    """Have every error of a request answered, and its body kept where there is something to keep."""
    refuser = Refuser(writer, refused_status)
    app.register_error_handler(Refused, refuser.refuse)
    app.register_error_handler(NotFound, lambda _: refuser.refuse(UnknownPath(_UNKNOWN_PATH)))
    app.register_error_handler(MethodNotAllowed, refuser.wrong_method)
    app.register_error_handler(StoreUnavailable, _failed)
    for own_fault in (NotStored, InternalServerError):
        app.register_error_handler(own_fault, lambda _: refuser.refuse(OwnFault(_OWN_FAULT)))
    app.register_error_handler(HTTPException, http_problem)


class Refuser:
    """Answers requests that can't be accepted."""

    def __init__(self, writer: Recorder, refused_status: int | None) -> None:
        """`refused_status`: what to answer in place of a body's own status, once the body is kept."""
        self._writer = writer
        self._refused_status = refused_status

    def refuse(self, error: Refused) -> Response:
        """Keep the body, then say what is wrong with it; without a body there is nothing to keep."""
        try:
            quarantine_id = str(self._writer.keep(self._refusal(error))) if g.body else None
        except StoreUnavailable as unavailable:
            return _failed(unavailable)
        count = counting.failed if isinstance(error, OwnFault) else counting.refused
        count(_route())
        status = self._refused_status if quarantine_id and error.for_good else None
        log_refused(error, g.arrival, quarantine_id)
        return replies.refused(error, status or error.status, quarantine_id)

    def wrong_method(self, error: MethodNotAllowed) -> Response:
        """Refuse a method that the path does not take, and say which ones it does."""
        allowed = ", ".join(sorted(error.valid_methods or ()))
        response = self.refuse(WrongMethod(f"{request.method} is not allowed here; allowed: {allowed}"))
        response.headers["Allow"] = allowed
        return response

    def _refusal(self, error: Refused) -> Refusal:
        return refusal(error, g.arrival, request.method, printable(request.content_type or ""), g.body)


def refusal(error: Refused, arrival: Arrival, method: str, content_type: str, body: bytes) -> Refusal:
    """What is kept of a refused body."""
    problems = [{"pointer": problem.pointer, "detail": problem.detail} for problem in error.problems]
    return Refusal(arrival, method, content_type, error.status, error.code, problems, body)


def log_refused(error: Refused, arrival: Arrival, quarantine_id: str | None) -> None:
    """Say that a body was refused, and under which id it is kept."""
    reasons, path = [str(problem) for problem in error.problems], loggable(arrival.route)
    log.warning("body_refused", status=error.status, path=path, quarantine=quarantine_id, reasons=reasons)


def _failed(error: StoreUnavailable) -> Response:
    counting.failed(_route())
    return unavailable_reply(error)


def _route() -> str:
    """What the present request's path takes, or that it takes nothing."""
    blueprint, _, endpoint = (request.endpoint or "").rpartition(".")
    return endpoint if blueprint == "endpoints" else counting.OTHER


def unknown_path_reply() -> Response:
    """404, as on any path that takes nothing, where there is no body to keep."""
    return replies.refused(UnknownPath(_UNKNOWN_PATH), UnknownPath.status, None)


def unavailable_reply(error: StoreUnavailable, title: str = "The event could not be stored") -> Response:
    """503: the database can't be used now."""
    log.error("store_unavailable", path=loggable(g.arrival.route), reason=str(error))
    return replies.unavailable(title, error.told)


def http_problem(error: HTTPException) -> Response:
    """Any other HTTP error, such as a connection that broke while the body came."""
    return replies.refused(Refused(error.description or error.name), error.code or 400, None)

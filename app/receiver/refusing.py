"""Whatever is refused is kept in quarantine, then answered with every reason."""

import structlog
from flask import Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.domain.events import Arrival
from app.domain.refusals import Refusal
from app.errors import Refused, StoreUnavailable, WrongMethod
from app.receiver import replies
from app.receiver.bodies import shown
from app.store.writer import Writer

log = structlog.get_logger(__name__)


class Refuser:
    """Answers requests that can't be accepted."""

    def __init__(self, writer: Writer, refused_status: int | None) -> None:
        """`refused_status`: what to answer in place of a body's own status, once the body is kept."""
        self._writer = writer
        self._refused_status = refused_status

    def refuse(self, error: Refused) -> Response:
        """Keep the body, then say what is wrong with it; without a body there is nothing to keep."""
        try:
            quarantine_id = str(self._writer.keep(self._refusal(error))) if g.body else None
        except StoreUnavailable as unavailable:
            return unavailable_reply(unavailable)
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
        return refusal(error, g.arrival, request.method, shown(request.content_type or ""), g.body)


def refusal(error: Refused, arrival: Arrival, method: str, content_type: str, body: bytes) -> Refusal:
    """What is kept of a refused body."""
    problems = [{"pointer": problem.pointer, "detail": problem.detail} for problem in error.problems]
    return Refusal(arrival, method, content_type, error.status, problems, body)


def log_refused(error: Refused, arrival: Arrival, quarantine_id: str | None) -> None:
    """Say that a body was refused, and under which id it is kept."""
    reasons = [f"{problem.pointer} {problem.detail}".strip() for problem in error.problems]
    log.warning(
        "event_refused", status=error.status, path=arrival.route, quarantine=quarantine_id, reasons=reasons
    )


def unavailable_reply(error: StoreUnavailable) -> Response:
    """503: the database can't be used now."""
    log.error("store_unavailable", path=g.arrival.route, reason=str(error))
    return replies.unavailable()


def http_problem(error: HTTPException) -> Response:
    """Any other HTTP error, such as a connection that broke while the body came."""
    return replies.refused(Refused(error.description or error.name), error.code or 400, None)

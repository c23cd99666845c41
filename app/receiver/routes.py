"""The event endpoints: decode, validate, record, acknowledge; whatever is refused goes to quarantine."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import structlog
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, NotFound

from app.config import Settings
from app.domain.events import Arrival, Kind
from app.domain.refusals import Refusal
from app.errors import OwnFault, Refused, StoreUnavailable, TooLarge, UnknownPath, Unreadable, WrongMethod
from app.receiver import replies
from app.receiver.decoding import decode
from app.receiver.reading import read_events
from app.store.writer import Writer

HISTORY_PATHS = (
    "/HistoryEvent",
    "/EventServer/api/HistoryEvent",
    "/EventServer/api/SophonFogHistoryEvent",
)
REALTIME_PATHS = (
    "/RealTimeEvent",
    "/EventServer/api/RealTimeEvent",
    "/EventServer/api/SophonFogRelEvent",
)
"""The paths that boxes in the field may already be set to (SE3 protocol, section 1)."""

_UNKNOWN_PATH = "This path takes no events; /HistoryEvent and /RealTimeEvent do"
_OWN_FAULT = "The receiver failed on this body; its log says where. The body is kept."
_KEPT_AT_MOST = 4  # times MAX_BODY_MB: a longer body is not read, for it would fill the memory
_PIECE_BYTES = 65536
_LONGEST_ROUTE = 500  # characters of a path or Content-Type that are kept

log = structlog.get_logger(__name__)


def create_events(settings: Settings, writer: Writer) -> Blueprint:
    """Build the endpoints for both kinds of event, under all their names."""
    events = Blueprint("events", __name__)
    for kind, paths in (
        (Kind.HISTORY, HISTORY_PATHS + settings.history_paths),
        (Kind.REALTIME, REALTIME_PATHS + settings.realtime_paths),
    ):
        _add_paths(events, kind, paths, _endpoint(kind, settings, writer))
    events.before_app_request(lambda: _read_body(settings.max_body_bytes))
    events.app_errorhandler(Refused)(lambda error: _refuse(error, writer))
    events.app_errorhandler(NotFound)(lambda _: _refuse(UnknownPath(_UNKNOWN_PATH), writer))
    events.app_errorhandler(MethodNotAllowed)(lambda error: _wrong_method(error, writer))
    events.app_errorhandler(StoreUnavailable)(_unavailable)
    events.app_errorhandler(InternalServerError)(lambda _: _refuse(OwnFault(_OWN_FAULT), writer))
    return events


def _endpoint(kind: Kind, settings: Settings, writer: Writer) -> Callable[[], Response]:
    def receive() -> Response:
        if g.size > settings.max_body_bytes:
            raise TooLarge(f"The body has {g.size} bytes; MAX_BODY_MB allows {settings.max_body_mb} MB")
        decoded = decode(g.body, request.content_type or "", settings.max_body_bytes)
        recorded = writer.record(read_events(kind, decoded, g.arrival, settings))
        for event in recorded:
            log.info("event_stored", id=str(event.id), kind=kind.value, duplicate=event.duplicate)
        return replies.accepted(recorded, as_array=decoded.is_array)

    return receive


def _add_paths(events: Blueprint, kind: Kind, paths: Iterable[str], view: Callable[[], Response]) -> None:
    for path in dict.fromkeys(paths):
        events.add_url_rule(path, kind.value, view, methods=["POST"], provide_automatic_options=False)


def _read_body(max_body_bytes: int) -> None:
    """Read the body before anything can go wrong with it, so that whatever is refused can be kept."""
    declared = request.content_length or 0
    g.arrival = Arrival(_shown(request.path), request.remote_addr or "", datetime.now(UTC))
    g.body, g.size = b"", declared
    limit = max_body_bytes * (_KEPT_AT_MOST if request.url_rule else 1)
    if declared > limit:
        return
    body, fault = _receive(limit)
    g.body, g.size = body if len(body) <= limit else b"", max(declared, len(body))
    if fault or len(body) < declared:
        raise Unreadable(f"The body broke off after {len(body)} bytes{fault}")


def _receive(limit: int) -> tuple[bytes, str]:
    """What came of the body, a little more than `limit` of a longer one, and what ended it early, if so."""
    body = bytearray()
    try:
        while len(body) <= limit and (piece := request.stream.read(_PIECE_BYTES)):
            body += piece
    except Exception as error:  # noqa: BLE001 - gunicorn has many, and what came is to be kept
        return bytes(body), f": {type(error).__name__}"
    return bytes(body), ""


def _shown(text: str) -> str:
    """Text from a request that is safe to log, to print and to store."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:_LONGEST_ROUTE])


def _refuse(error: Refused, writer: Writer) -> Response:
    """Keep the body, then say what is wrong with it; without a body there is nothing to keep."""
    try:
        quarantine_id = str(writer.keep(_refusal(error))) if g.body else None
    except StoreUnavailable as unavailable:
        return _unavailable(unavailable)
    reasons = [f"{problem.pointer} {problem.detail}".strip() for problem in error.problems]
    log.warning(
        "event_refused", status=error.status, path=g.arrival.route, quarantine=quarantine_id, reasons=reasons
    )
    return replies.refused(error, quarantine_id)


def _refusal(error: Refused) -> Refusal:
    return Refusal(
        arrival=g.arrival,
        method=request.method,
        content_type=_shown(request.content_type or ""),
        status=error.status,
        problems=[{"pointer": problem.pointer, "detail": problem.detail} for problem in error.problems],
        body=g.body,
    )


def _wrong_method(error: MethodNotAllowed, writer: Writer) -> Response:
    allowed = ", ".join(sorted(error.valid_methods or ()))
    response = _refuse(WrongMethod(f"{request.method} is not allowed here; allowed: {allowed}"), writer)
    response.headers["Allow"] = allowed
    return response


def _unavailable(error: StoreUnavailable) -> Response:
    log.error("store_unavailable", path=g.arrival.route, reason=str(error))
    return replies.unavailable()


def http_problem(error: HTTPException) -> Response:
    """Any other HTTP error, such as a connection that broke while the body came."""
    return replies.refused(_as_refused(error), None)


def _as_refused(error: HTTPException) -> Refused:
    refused = Refused(error.description or error.name)
    refused.status = error.code or 400
    return refused

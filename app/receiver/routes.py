"""The event endpoints: decode, validate, record, acknowledge; whatever is refused goes to quarantine."""

from collections.abc import Callable, Iterable

import structlog
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import InternalServerError, MethodNotAllowed, NotFound

from app.config import Settings
from app.domain.events import Kind
from app.errors import NotStored, OwnFault, Refused, StoreUnavailable, TooLarge, UnknownPath
from app.receiver import replies
from app.receiver.bodies import read_body
from app.receiver.decoding import Decoded, decode
from app.receiver.reading import read_events
from app.receiver.refusing import Refuser, unavailable_reply
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

log = structlog.get_logger(__name__)


def paths_of(settings: Settings) -> dict[Kind, tuple[str, ...]]:
    """Every path that takes events of a kind."""
    return {
        Kind.HISTORY: HISTORY_PATHS + settings.history_paths,
        Kind.REALTIME: REALTIME_PATHS + settings.realtime_paths,
    }


def create_events(settings: Settings, writer: Writer) -> Blueprint:
    """Build the endpoints for both kinds of event, under all their names."""
    events = Blueprint("events", __name__)
    for kind, paths in paths_of(settings).items():
        _add_paths(events, kind, paths, _endpoint(kind, settings, writer))
    refuser = Refuser(writer, settings.refused_status)
    events.before_app_request(lambda: read_body(settings.max_body_bytes))
    events.app_errorhandler(Refused)(refuser.refuse)
    events.app_errorhandler(NotFound)(lambda _: refuser.refuse(UnknownPath(_UNKNOWN_PATH)))
    events.app_errorhandler(MethodNotAllowed)(refuser.wrong_method)
    events.app_errorhandler(StoreUnavailable)(unavailable_reply)
    for own_fault in (NotStored, InternalServerError):
        events.app_errorhandler(own_fault)(lambda _: refuser.refuse(OwnFault(_OWN_FAULT)))
    return events


def _endpoint(kind: Kind, settings: Settings, writer: Writer) -> Callable[[], Response]:
    def receive() -> Response:
        decoded = decode_body(settings)
        recorded = writer.record(read_events(kind, decoded, g.arrival, settings))
        for event in recorded:
            log.info("event_stored", id=str(event.id), kind=kind.value, duplicate=event.duplicate)
        return replies.accepted(recorded, as_array=decoded.is_array)

    return receive


def decode_body(settings: Settings) -> Decoded:
    """Decode the body of the present request.

    Raises:
        Refused: it is too large, or can't be read.
    """
    if g.size > settings.max_body_bytes:
        raise TooLarge(f"The body has {g.size} bytes; MAX_BODY_MB allows {settings.max_body_mb} MB")
    return decode(g.body, request.content_type or "", settings.max_body_bytes)


def _add_paths(events: Blueprint, kind: Kind, paths: Iterable[str], view: Callable[[], Response]) -> None:
    for path in dict.fromkeys(paths):
        events.add_url_rule(path, kind.value, view, methods=["POST"], provide_automatic_options=False)

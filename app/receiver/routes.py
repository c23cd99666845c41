"""The endpoints: decode, read, record, acknowledge; whatever is refused goes to quarantine."""

from collections.abc import Callable

import structlog
from flask import Blueprint, Response, g

from app.config import Settings
from app.domain.device_changes import DeviceChange
from app.domain.events import Kind
from app.domain.texts import shown
from app.receiver import replies
from app.receiver.allowed_boxes import require_allowed
from app.receiver.counting import Counting
from app.receiver.event.reading import read_events
from app.receiver.paths import STATUS, paths_of
from app.receiver.promptness import tell_when_late
from app.receiver.requests import decode_body
from app.receiver.status.reading import read_reports
from app.store.recorder import Recorder

log = structlog.get_logger(__name__)


def create_endpoints(settings: Settings, writer: Recorder, counting: Counting) -> Blueprint:
    """Build the endpoints for events of both kinds and for status reports, under all their names."""
    endpoints = Blueprint("endpoints", __name__)
    tell_when_late(endpoints, writer)
    for report, paths in paths_of(settings).items():
        parts = settings, writer, counting
        view = _status(*parts) if report == STATUS else _events(Kind(report), *parts)
        for path in paths:
            endpoints.add_url_rule(path, report, view, methods=["POST"], provide_automatic_options=False)
    return endpoints


def _events(kind: Kind, settings: Settings, writer: Recorder, counting: Counting) -> Callable[[], Response]:
    def receive() -> Response:
        decoded = decode_body(settings)
        new_events = read_events(kind, decoded, g.arrival, settings)
        require_allowed(new_events, settings.receiver_boxes)
        recorded = writer.record(new_events)
        counting.events(kind.value, new_events, recorded)
        for event in recorded:
            log.info("event_stored", id=str(event.id), kind=kind.value, duplicate=event.duplicate)
        return replies.accepted(recorded, as_array=decoded.is_array)

    return receive


def _status(settings: Settings, writer: Recorder, counting: Counting) -> Callable[[], Response]:
    def receive() -> Response:
        reports = read_reports(decode_body(settings), g.arrival)
        for report, changes in zip(reports, writer.record_status(reports), strict=True):
            log.debug("status_stored", box=shown(report.key))
            for change in changes:
                _log_change(change)
        counting.reports(reports)
        return replies.noted()

    return receive


def _log_change(change: DeviceChange) -> None:
    values = {
        "box": change.box_key,
        "camera": change.camera_key,
        "field": change.field,
        "before": change.before,
        "after": change.after,
    }
    log.info("device_changed", **{name: text and shown(text) for name, text in values.items()})

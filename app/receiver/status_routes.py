"""The status endpoint: decode, read, record, acknowledge."""

import structlog
from flask import Blueprint, Response, g

from app.config import Settings
from app.domain.device_changes import DeviceChange
from app.domain.texts import shown
from app.receiver import replies
from app.receiver.routes import decode_body
from app.receiver.status_reading import read_reports
from app.store.writer import Writer

STATUS_PATHS = (
    "/DeviceStatus",
    "/SophonFogStatus",
    "/EventServer/api/DeviceStatus",
    "/EventServer/api/SophonFogStatus",
    "/MonitorServer/api/SophonFogStatus",
)
"""The paths that boxes in the field may already be set to (SE3 protocol, section 1)."""

log = structlog.get_logger(__name__)


def create_status(settings: Settings, writer: Writer) -> Blueprint:
    """Build the endpoint for status reports, under all its names; it needs the events' error handlers."""
    status = Blueprint("status", __name__)

    def receive() -> Response:
        reports = read_reports(decode_body(settings), g.arrival)
        for report, changes in zip(reports, writer.record_status(reports), strict=True):
            log.debug("status_stored", box=shown(report.key))
            for change in changes:
                _log_change(change)
        return replies.noted()

    for path in dict.fromkeys(STATUS_PATHS + settings.status_paths):
        status.add_url_rule(path, "status", receive, methods=["POST"], provide_automatic_options=False)
    return status


def _log_change(change: DeviceChange) -> None:
    values = {
        "box": change.box_key,
        "camera": change.camera_key,
        "field": change.field,
        "before": change.before,
        "after": change.after,
    }
    log.info("device_changed", **{name: text and shown(text) for name, text in values.items()})

"""One page that is green when all is well, and otherwise says what is wrong and what to do."""

import os
from pathlib import Path

from flask import Blueprint, render_template

from app.config import Settings
from app.console.troubles import of_boxes, of_receiver, of_relay
from app.domain.forwarders import as_of
from app.domain.known_boxes import known_boxes
from app.store import box_hours, channels, clock, devices
from app.store.database import Database
from app.store.queries import newest_event_at, quick_counts
from app.telemetry.health import faults
from app.telemetry.metrics import FOLDER
from app.telemetry.metrics_folder import runs_here


def create_overview(settings: Settings, database: Database) -> Blueprint:
    """Build the page."""
    overview = Blueprint("overview", __name__)
    folder = os.environ.get(FOLDER, "")

    @overview.get("/")
    def show() -> str:
        with database.read() as connection:
            found = quick_counts(connection)
            newest_at = newest_event_at(connection)
            now = clock.now(connection)
            forwarders = as_of(channels.forwarders(connection), now)
            boxes = devices.boxes(connection)
            number_of_boxes = len(known_boxes(boxes, (), box_hours.heard(connection)))
        is_gone = bool(folder) and not runs_here(Path(folder), "receiver")
        troubles = [
            *of_receiver(faults(settings, database), is_gone),
            *of_relay(settings, found, forwarders),
            *of_boxes(found, [box for box in boxes if not box.is_online(now)]),
        ]
        context = {"counts": found, "newest_at": newest_at, "boxes": number_of_boxes}
        return render_template("overview.html", troubles=troubles, now=now, **context)

    return overview

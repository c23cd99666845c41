"""One page that is green when all is well, and otherwise says what is wrong and what to do."""

import os
from pathlib import Path

from flask import Blueprint, render_template

from app.config import Settings
from app.console.troubles import of_boxes, of_keys, of_receiver, of_relay, of_spool
from app.domain.forwarders import as_of
from app.store import channels, clock, devices
from app.store.database import Database
from app.store.keys_in_use import missing_keys
from app.store.queries import newest_event_at, quick_counts
from app.telemetry.health import faults, spooled_here
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
            silent = [box for box in devices.boxes(connection) if not box.is_online(now)]
        is_gone = bool(folder) and not runs_here(Path(folder), "receiver")
        troubles = [
            *of_receiver(faults(settings, database), is_gone),
            *of_spool(spooled_here(settings)),
            *of_keys(missing_keys(database, settings)),
            *of_relay(settings, found, forwarders),
            *of_boxes(found, silent),
        ]
        context = {"counts": found, "newest_at": newest_at, "now": now}
        return render_template("overview.html", troubles=troubles, **context)

    return overview

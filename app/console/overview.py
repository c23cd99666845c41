"""One page that is green when all is well, and otherwise says what is wrong and what to do."""

from flask import Blueprint, render_template

from app.config import Settings
from app.console.troubles import of_boxes, of_receiver, of_relay
from app.domain.forwarders import as_of
from app.store import channels, clock, devices
from app.store.database import Database
from app.store.queries import newest_event_at, quick_counts
from app.telemetry.health import faults


def create_overview(settings: Settings, database: Database) -> Blueprint:
    """Build the page."""
    overview = Blueprint("overview", __name__)

    @overview.get("/")
    def show() -> str:
        with database.read() as connection:
            found = quick_counts(connection)
            newest_at = newest_event_at(connection)
            now = clock.now(connection)
            forwarders = as_of(channels.forwarders(connection), now)
            silent = [box for box in devices.boxes(connection) if not box.is_online(now)]
        troubles = [
            *of_receiver(faults(settings, database)),
            *of_relay(settings, found, forwarders),
            *of_boxes(found, silent),
        ]
        return render_template("overview.html", counts=found, newest_at=newest_at, troubles=troubles)

    return overview

"""/healthz: does the process answer; /readyz: can it take events."""

from flask import Blueprint, Response, jsonify

from app.config import Settings
from app.store.database import Database
from app.store.spool.spool import spooled
from app.telemetry.health import faults


def create_health(settings: Settings, database: Database) -> Blueprint:
    """Build both endpoints; /readyz answers 503 with every fault.

    `spooled` is how many events wait in the spool for PostgreSQL; they are acknowledged.
    """
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        found = faults(settings, database)
        status = "not ready" if found else "ready"
        return jsonify(status=status, faults=found, spooled=spooled(settings).events), 503 if found else 200

    return health

"""/healthz: does the process answer; /readyz: can it take events."""

from flask import Blueprint, Response, jsonify

from app.config import Settings
from app.store.database import Database
from app.telemetry.health import faults, spooled_here, warnings


def create_health(settings: Settings, database: Database) -> Blueprint:
    """Build both endpoints; /readyz answers 503 with every fault, and names what else needs a look.

    `spooled` is how many events wait in the spool for PostgreSQL; they are acknowledged. None if it can't be
    read.
    """
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        found = faults(settings, database)
        more = {"warnings": odd} if (odd := warnings(settings, database)) else {}
        status, spool = "not ready" if found else "ready", spooled_here(settings)
        spooled = None if spool is None else spool.events
        return jsonify(status=status, faults=found, spooled=spooled, **more), 503 if found else 200

    return health

"""/devices: boxes with their cameras, as `se3 boxes` shows them."""

from datetime import UTC, datetime
from typing import Any

from flask import abort

from app.api.cursors import of_text, text_at
from app.api.device_schemas import Box, BoxInFull, DeviceQuery, box_values, change_values
from app.api.resources import Resource, page_of
from app.store import devices as store
from app.store.database import Database

_LATEST_CHANGES = 50


def create_devices(database: Database) -> Resource:
    """Build the endpoints."""
    devices = Resource("devices", __name__, url_prefix="/devices")

    @devices.serves("", page_of(Box), query=DeviceQuery)
    def find(query: dict[str, Any]) -> dict[str, Any]:
        """List boxes with their cameras, in the order of their keys"""
        limit, now = query["limit"], datetime.now(UTC)
        with database.read() as connection:
            found = store.boxes_after(connection, text_at(query.get("cursor")), limit + 1)
            cameras = store.cameras_of(connection, [box.key for box in found])
        last = found[limit - 1].key if len(found) > limit else None
        items = [box_values(box, cameras[box.key], now) for box in found[:limit]]
        return {"items": items, "next": of_text(last)}

    @devices.serves("/<path:key>", BoxInFull, others=[404])
    def show(key: str) -> dict[str, Any]:
        """Show one box with its cameras, and what changed last"""
        with database.read() as connection:
            box = ("\0" not in key and store.box(connection, key)) or abort(404, "There is no such box.")
            cameras = store.cameras(connection, key)
            changes = store.changes(connection, key, _LATEST_CHANGES)
        shown = [change_values(change) for change in changes]
        return box_values(box, cameras, datetime.now(UTC)) | {"changes": shown}

    return devices

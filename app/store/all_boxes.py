"""All boxes that are known, put together from their reports and from what was counted of their events."""

from datetime import datetime

from sqlalchemy import Connection

from app.domain.known_boxes import KnownBox, known_boxes
from app.store import box_hours, devices


def all_boxes(connection: Connection, hour: datetime) -> list[KnownBox]:
    """Every box, with what came of it in this hour and after it."""
    return known_boxes(
        devices.boxes(connection),
        devices.cameras(connection),
        box_hours.heard(connection),
        box_hours.since(connection, hour),
    )

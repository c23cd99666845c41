"""All boxes that are known, put together from their reports and from what was counted of their events."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.domain.known_boxes import KnownBox, known_boxes
from app.store import box_hours, devices


def all_boxes(connection: Connection, hours: Sequence[datetime]) -> list[KnownBox]:
    """Every box that reports its status, and those that are heard; with what came of each in these hours."""
    return known_boxes(
        devices.boxes(connection),
        devices.cameras(connection),
        box_hours.heard(connection),
        box_hours.last_hours(connection, hours),
    )

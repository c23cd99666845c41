"""The pages of boxes: all of them, and one with its cameras, its clock and what changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import Blueprint, abort, render_template

from app.config import Settings
from app.console.boxes.bars import Bars, bars_of
from app.console.boxes.new_box import add_new_box
from app.console.boxes.words import box_words
from app.domain.devices import BoxState
from app.domain.known_boxes import KnownBox, events_by_hour, senders_of
from app.domain.senders import SenderHour, hours_until
from app.store import box_hours, devices, event_search
from app.store.all_boxes import all_boxes
from app.store.database import Database
from app.store.event_search import Search

_CHANGES = 50
_EVENTS = 10


@dataclass(frozen=True, slots=True)
class Day:
    """A day, in this machine's zone, in which events came."""

    date: date
    hours: Sequence[SenderHour]


def create_boxes(settings: Settings, database: Database) -> Blueprint:
    """Build the pages."""
    boxes = Blueprint("boxes", __name__)
    boxes.context_processor(box_words)
    add_new_box(boxes, settings, database)

    @boxes.get("/boxes")
    def find() -> str:
        now = datetime.now(UTC)
        with database.read() as connection:
            found = all_boxes(connection, hours_until(now))
        shown = [(box, _bars(box, now)) for box in sorted(found, key=lambda box: _is_well(box, now))]
        return render_template(
            "boxes/boxes.html", boxes=shown, now=now, most=box_hours.MOST_HEARD, is_cut=_is_cut(found)
        )

    @boxes.get("/boxes/<path:key>")
    def show(key: str) -> str:
        now = datetime.now(UTC)
        with database.read() as connection:
            found = all_boxes(connection, hours_until(now))
            box = next((box for box in found if box.key == key), None) or abort(404)
            month = box_hours.since(connection, now - box_hours.KEPT, senders_of(box))
            context: dict[str, object] = {
                "changes": devices.changes(connection, key, _CHANGES),
                "page": event_search.find(connection, Search(at_camera=box.names[0]), _EVENTS),
            }
        context |= {"box": box, "now": now, "bars": _bars(box, now), "days": _days(month)}
        return render_template("boxes/box.html", **context)

    return boxes


def _bars(box: KnownBox, now: datetime) -> Bars:
    return bars_of(events_by_hour(box.hours), now)


def _is_cut(boxes: Sequence[KnownBox]) -> bool:
    """Whether there may be more that send events than are read."""
    return sum(len(box.heard) for box in boxes) == box_hours.MOST_HEARD


def _is_well(box: KnownBox, now: datetime) -> bool:
    """Whether nobody needs to look at it: those that are not come first."""
    return box.state(now) in (BoxState.ONLINE, BoxState.UNREPORTED)


def _days(hours: Iterable[SenderHour]) -> list[Day]:
    found: dict[date, list[SenderHour]] = defaultdict(list)
    for one in hours:
        found[one.hour.astimezone().date()].append(one)
    return [Day(day, found[day]) for day in sorted(found, reverse=True)]

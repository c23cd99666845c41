"""The page that helps to point a new box here: the addresses to type in, and whether anything came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, render_template, request

from app.config import Settings
from app.domain.known_boxes import KnownBox, known_boxes
from app.domain.refusals import Quarantined
from app.receiver.addresses import box_addresses, is_for_this_machine_only
from app.receiver.paths import KNOWN_PATHS
from app.store import box_hours, devices, quarantine
from app.store.database import Database

_OVERDUE = timedelta(minutes=1)  # a box that is set up, and somebody before its camera
_LONGEST = timedelta(days=1)
_REFUSED = 10
_NO_SUCH_PATH = 404


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came since an instant.

    `new`: boxes that were not known then, and have sent events by now; `reporting`: those that have only
    reported their status; `others`: known ones whose events came. `is_overdue`: nothing came for a minute.
    """

    since: datetime
    new: Sequence[KnownBox]
    reporting: Sequence[KnownBox]
    others: Sequence[KnownBox]
    refused: Sequence[Quarantined]
    is_overdue: bool


def add_new_box(boxes: Blueprint, settings: Settings, database: Database) -> None:
    """Add the page, and the part of it that is asked for again and again."""

    @boxes.get("/boxes/new")
    def new() -> str:
        addresses = box_addresses(settings)
        return render_template(
            "boxes/new_box.html",
            arrivals=_arrivals(database),
            refused_before=_refused_before(database),
            addresses=addresses,
            needs_key=bool(settings.receiver_keys),
            has_proxy=bool(settings.receiver_proxies),
            is_closed=all(is_for_this_machine_only(host) for host in addresses),
            told_path=_told_path,
        )

    @boxes.get("/boxes/new/arrivals")
    def arrivals() -> str:
        return render_template("boxes/arrivals.html", arrivals=_arrivals(database), told_path=_told_path)


def _arrivals(database: Database) -> Arrivals:
    now = datetime.now(UTC)
    since = _since(now)
    with database.read() as connection:
        found = known_boxes(devices.boxes(connection), (), box_hours.heard(connection))
        refused = quarantine.listed(connection, _REFUSED)
    unknown = [box for box in found if box.first_seen_at >= since]
    return Arrivals(
        since=since,
        new=[box for box in unknown if box.last_event_at],
        reporting=[box for box in unknown if not box.last_event_at],
        others=[b for b in found if b not in unknown and b.last_event_at and b.last_event_at >= since],
        refused=[body for body in refused if body.last_received_at >= since],
        is_overdue=now - since > _OVERDUE,
    )


def _refused_before(database: Database) -> Sequence[Quarantined]:
    """What was refused in the day before: a box may be set up already, but wrongly."""
    now = datetime.now(UTC)
    with database.read() as connection:
        refused = quarantine.listed(connection, _REFUSED)
    return [body for body in refused if now - _LONGEST <= body.last_received_at < _since(now)]


def _since(now: datetime) -> datetime:
    """When the page was first opened, as its address says in milliseconds since 1970; else now."""
    opened = request.args.get("since", 0, type=int)
    milliseconds = int(now.timestamp() * 1000)
    longest = _LONGEST // timedelta(milliseconds=1)
    is_possible = milliseconds - longest <= opened <= milliseconds
    return datetime.fromtimestamp((opened if is_possible else milliseconds) / 1000, UTC)


def _told_path(body: Quarantined) -> str | None:
    """The path it came to; None for one of the site's own: it may hold a secret, for want of a header."""
    return body.route if body.route in KNOWN_PATHS or body.status == _NO_SUCH_PATH else None

"""When are two events copies of one sighting, and which copies go to EnOS?"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from app.domain.events import FaceEvent, Kind

_SECOND = timedelta(seconds=1)
_SAME_MOMENT = timedelta(milliseconds=1)  # fractions of seconds are rounded on their way
_WHOLE_SECONDS = re.compile(r"[0-9]{1,10}(\.0+)?")  # beyond, they are milliseconds


@dataclass(frozen=True, slots=True)
class Trace:
    """What tells a copy of one sighting from that of another: kind, time, as sent too, and camera."""

    kind: Kind
    occurred_at: datetime
    timestamp: str
    device_ip: str | None
    ep_id: str | None


@dataclass(frozen=True, slots=True)
class Moments:
    """The times that copies of an event may have: from `first` to `last`, or a whole second beside it."""

    first: datetime
    last: datetime
    second_before: datetime
    second_after: datetime


def moments_of(trace: Trace) -> Moments:
    """When copies of this event may have occurred; more than `are_copies` takes, but few."""
    at, apart = trace.occurred_at, _SECOND if _counts_seconds(trace) else _SAME_MOMENT
    second = at.replace(microsecond=0)
    return Moments(at - apart, at + apart, second, second + _SECOND)


def are_copies(one: Trace, other: Trace) -> bool:
    """Whether two events of one person are of the same moment and camera.

    A real-time copy has no ep_id, and a history copy may have nothing else (SE3 protocol, section 2). Old
    firmware counts seconds where newer counts milliseconds; two of one kind that count seconds may be two
    sightings.
    """
    apart = abs(one.occurred_at - other.occurred_at)
    if apart >= _SECOND:
        return False
    coarse = _counts_seconds(one) or _counts_seconds(other)
    if coarse and one.kind is other.kind:
        return False
    is_same_moment = coarse or apart <= _SAME_MOMENT
    return is_same_moment and not _camera_names(one).isdisjoint(_camera_names(other))


def reason_to_skip(event: FaceEvent, enos_events: str) -> str | None:
    """Why an event does not go to EnOS where only `enos_events` do; None if it goes.

    `enos_events`: both, history, realtime, or first, which is the copy of a sighting that came first.
    """
    if enos_events == "first":
        is_first = event.sighting_id == event.id
        return None if is_first else f"ENOS_EVENTS is first, and event {event.sighting_id} came before"
    wanted = enos_events in ("both", event.kind)
    return None if wanted else f"ENOS_EVENTS is {enos_events}"


def attributes_to_skip_by(enos_events: str) -> frozenset[str]:
    """Those of an event that `reason_to_skip` looks at."""
    return frozenset({"id", "sighting_id"} if enos_events == "first" else {"kind"})


def _counts_seconds(trace: Trace) -> bool:
    return bool(_WHOLE_SECONDS.fullmatch(trace.timestamp))


def _camera_names(trace: Trace) -> frozenset[str]:
    """Every name by which the camera may be called: its address, its id, and the address in its id."""
    return frozenset(name for name in (trace.device_ip, trace.ep_id, _address_in(trace.ep_id or "")) if name)


def _address_in(ep_id: str) -> str | None:
    """The host in `<dev_sno>__<ip>` or `<mac>__rtsp://host:port/path` (SE3 protocol, section 2)."""
    rest = ep_id.partition("__")[2]
    if "://" not in rest:
        return rest
    try:
        return urlsplit(rest).hostname
    except ValueError:  # no URL after all
        return None

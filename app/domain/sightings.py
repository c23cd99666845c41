"""When are a real-time and a history event two copies of one sighting?"""

from datetime import timedelta
from urllib.parse import urlsplit

from app.domain.events import FaceEvent

CLOCK_STEP = timedelta(seconds=1)  # one copy may count seconds where the other counts milliseconds


def camera_names(device_ip: str | None, ep_id: str | None) -> frozenset[str]:
    """Every name by which a copy may call the camera: its address, its id, and the address in its id.

    A real-time copy has no ep_id, and a history copy may have nothing else. An ep_id is
    `<dev_sno>__<ip>` or `<mac>__rtsp://host:port/path` (SE3 protocol, section 2).
    """
    return frozenset(name for name in (device_ip, ep_id, _address_in(ep_id or "")) if name)


def reason_to_skip(event: FaceEvent, enos_events: str) -> str | None:
    """Why an event does not go to EnOS where only `enos_events` do; None if it goes.

    `enos_events`: both, history, realtime, or first, which is the copy of a sighting that came first.
    """
    if enos_events == "first":
        is_first = event.sighting_id == event.id
        return None if is_first else f"ENOS_EVENTS is first, and event {event.sighting_id} came before"
    wanted = enos_events in ("both", event.kind)
    return None if wanted else f"ENOS_EVENTS is {enos_events}"


def _address_in(ep_id: str) -> str | None:
    rest = ep_id.partition("__")[2]
    if "://" not in rest:
        return rest
    try:
        return urlsplit(rest).hostname
    except ValueError:  # no URL after all
        return None

"""One event as a real box sends it, in each form of SE3 protocol, section 2."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.events import Kind
from app.simulators import attributes, faces
from app.simulators.people import STRANGER, Person


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who was seen, when, and by which box.

    `timestamp` is in ms since 1970, `likeness` runs from 0 to 1. Equal sightings give equal events.
    """

    person: Person
    sequence: int
    timestamp: int
    likeness: float
    dev_sno: str
    device_ip: str


def make_event(sighting: Sighting, form: str, kind: Kind) -> dict[str, Any]:
    """Give the event that a box of this form (one of FORMS) sends as this kind, ready for JSON."""
    event = _MAKERS[form](sighting)
    return _as_real_time(event) if kind is Kind.REALTIME else event


def _v2r1(sighting: Sighting) -> dict[str, Any]:
    person = sighting.person
    return {
        "identity_id": person.identity_id,
        "identity_name": person.name,
        "group_name": person.group,
        "reg_pic": _base64(faces.library_photo(person.number)),
        "timestamp": sighting.timestamp,
        "score": sighting.likeness,
        "ext_data": {
            "device_ip": sighting.device_ip,
            "ep_id": f"{sighting.dev_sno}__{sighting.device_ip}",
            "dev_sno": sighting.dev_sno,
            "spot_pic": _base64(_scene(sighting)),
            "person_type": person.person_type,
            "device_type": "0",
            "grab_fiqa_info": {},
            "box_fiqa_info": {},
        },
    }


def _v2r4(sighting: Sighting) -> dict[str, Any]:
    event = _v2r1(sighting)
    event["score"] = round(sighting.likeness * 100, 2)
    event["want_action"] = "1001" if sighting.person.person_type == STRANGER else "0"
    event["ext_data"] |= {
        "recognize_face": _base64(faces.face_crop(sighting.person.number, sighting.sequence)),
        "grab_fiqa_info": attributes.grab_fiqa_info(sighting.person.number, sighting.sequence),
        "box_fiqa_info": attributes.box_fiqa_info(sighting.person.number),
    }
    return event


def _v5r3(sighting: Sighting) -> dict[str, Any]:
    event = _v2r4(sighting)
    event["ext_data"] |= {
        "ir_pic": _base64(faces.infrared(sighting.person.number, sighting.sequence)),
        "info": attributes.info(sighting.person.number, sighting.sequence),
    }
    return event


_MAKERS: dict[str, Callable[[Sighting], dict[str, Any]]] = {"v2r1": _v2r1, "v2r4": _v2r4, "v5r3": _v5r3}
FORMS = tuple(_MAKERS)


def _as_real_time(event: dict[str, Any]) -> dict[str, Any]:
    """Leave out what section 2 gives to history alone."""
    history_only = ("want_action", "ep_id", "dev_sno", "ir_pic", "info")
    kept = {name: value for name, value in event.items() if name not in history_only}
    kept["ext_data"] = {name: value for name, value in event["ext_data"].items() if name not in history_only}
    return kept


def _scene(sighting: Sighting) -> bytes:
    seen = datetime.fromtimestamp(sighting.timestamp / 1000, UTC)
    return faces.scene(sighting.person.number, sighting.sequence, f"{seen:%Y-%m-%d %H:%M:%S} UTC")


def _base64(picture: bytes) -> str:
    return b64encode(picture).decode()

"""The nested form (SE3 protocol, section 2), and the real-time events of all boxes."""

from typing import Any

from app.simulators import attributes
from app.simulators.addresses import device_id
from app.simulators.seen import Sighting

_HISTORY_ONLY = ("want_action", "ep_id", "dev_sno", "ir_pic", "info")


def v2r1(sighting: Sighting) -> dict[str, Any]:
    """Give the history event of V2R1."""
    person = sighting.person
    return {
        "identity_id": person.identity_id,
        "identity_name": person.name,
        "group_name": person.group,
        "reg_pic": sighting.library_photo(),
        "timestamp": sighting.timestamp,
        "score": sighting.likeness,
        "ext_data": {
            "device_ip": sighting.device_ip,
            "ep_id": f"{sighting.dev_sno}__{sighting.device_ip}",
            "dev_sno": sighting.dev_sno,
            "spot_pic": sighting.scene(),
            "person_type": person.person_type,
            "device_type": "0",
            "grab_fiqa_info": {},
            "box_fiqa_info": {},
        },
    }


def v2r4(sighting: Sighting) -> dict[str, Any]:
    """Give the history event of V2R4."""
    event = v2r1(sighting)
    event["score"] = sighting.score
    event["want_action"] = "1001" if sighting.is_stranger else "0"
    event["ext_data"] |= {
        "recognize_face": sighting.face_crop(),
        "grab_fiqa_info": attributes.grab_fiqa_info(sighting.person.number, sighting.sequence),
        "box_fiqa_info": attributes.box_fiqa_info(sighting.person.number),
    }
    return event


def v5r3(sighting: Sighting) -> dict[str, Any]:
    """Give the history event of V5R3."""
    event = v2r4(sighting)
    event["ext_data"] |= {
        "ir_pic": sighting.infrared(),
        "info": attributes.info(sighting.person.number, sighting.sequence),
    }
    return event


def as_real_time(event: dict[str, Any]) -> dict[str, Any]:
    """Leave out what section 2 gives to history alone."""
    kept = {name: value for name, value in event.items() if name not in _HISTORY_ONLY}
    kept["ext_data"] = {name: value for name, value in event["ext_data"].items() if name not in _HISTORY_ONLY}
    return kept


def later_real_time(sighting: Sighting) -> dict[str, Any]:
    """Give the real-time event of boxes whose history is flat or V6 (SE3 protocol, section 7, item 7)."""
    more = {"device_id": device_id(sighting.dev_sno), "identity_info": attributes.identity_info(sighting)}
    return as_real_time(v2r4(sighting)) | more

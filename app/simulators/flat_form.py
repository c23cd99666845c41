"""The flat form, which boxes from V5R4 to V5R7 give their history (SE3 protocol, section 3)."""

from typing import Any

from app.simulators import addresses, attributes
from app.simulators.seen import Sighting


def v5r7(sighting: Sighting) -> dict[str, Any]:
    """Give the history event of V5R7."""
    person = sighting.person
    return {
        "api_version": "1.0",
        "identity_id": person.identity_id,
        "identity_name": person.name,
        "identity_info": attributes.identity_info(sighting),
        "timestamp": sighting.timestamp,
        "out_timestamp": sighting.timestamp + attributes.STAY_MS,
        "score": sighting.score,
        "want_action": "0",
        "person_type": person.person_type,
        "reg_pic": "" if sighting.is_stranger else sighting.library_photo(),
        "spot_pic": sighting.scene(),
        "ir_pic": "",
        "recognize_face": sighting.face_crop(),
        "recognize_face_attr": attributes.recognize_face_attr(sighting) | {"feature": []},
        "ep_info": _ep_info(sighting),
        "dev_sno": sighting.dev_sno,
    }


def _ep_info(sighting: Sighting) -> dict[str, str]:
    return {
        "ep_id": f"{addresses.mac(sighting.device_ip)}__{addresses.stream(sighting.device_ip)}",
        "ep_type": "rtsp",
        "ep_ip": sighting.device_ip,
        "ep_name": "3号门",
        "device_id": addresses.device_id(sighting.dev_sno),
    }

"""The V6 form, which boxes from V6R1 on give their history (SE3 protocol, section 4)."""

from typing import Any

from app.simulators import addresses, attributes
from app.simulators.people import BLACKLIST, EMPLOYEE, STRANGER, VIP, VISITOR
from app.simulators.seen import Sighting

USER_TYPES = {
    EMPLOYEE: "employee",
    VISITOR: "visitor",
    BLACKLIST: "blacklist",
    STRANGER: "stranger",
    VIP: "vip",
}
"""The word that V6 has for each person_type."""


def v6r1(sighting: Sighting) -> dict[str, Any]:
    """Give the history event of V6R1."""
    person = sighting.person
    return {
        "api_version": "2.0",
        "identity_id": person.identity_id,
        "identity_name": person.name,
        "timestamp": sighting.timestamp,
        "in_timestamp": sighting.timestamp,
        "out_timestamp": sighting.timestamp + attributes.STAY_MS,
        "score": sighting.score,
        "post_action": "0",
        "user_type": USER_TYPES[person.person_type],
        "reg_image": "" if sighting.is_stranger else sighting.library_photo(),
        "spot_image": sighting.scene(),
        "ir_image": "",
        "recognize_face_image": sighting.face_crop(),
        "recognize_face_attr": _recognize_face_attr(sighting),
        "media_device_info": _media_device_info(sighting),
        "mq_license_key": sighting.dev_sno,
    }


def _recognize_face_attr(sighting: Sighting) -> dict[str, Any]:
    found = attributes.recognize_face_attr(sighting)
    points = [point + 0.25 for point in found["point"]]
    return found | {"point": points, "feature_base64_str": ""}


def _media_device_info(sighting: Sighting) -> dict[str, str]:
    return {
        "media_device_id": addresses.media_device_id(sighting.dev_sno),
        "media_device_type": "rtsp",
        "media_device_ip": sighting.device_ip,
        "media_device_name": "前门设备",
        "media_device_url": addresses.stream(sighting.device_ip),
    }

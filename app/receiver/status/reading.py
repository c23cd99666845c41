"""Decoded documents become status reports, ready to be recorded (SE3 protocol, section 6)."""

import re
from typing import Any

from app.domain.devices import BoxDetails, CameraDetails, CameraReport, StatusReport
from app.domain.events import Arrival
from app.receiver.body.decoding import Decoded
from app.receiver.status.measures import measures
from app.receiver.status.schemas import KEYS, LICENCE_KEYS, readable, readable_cameras
from app.store.pictures import text_as_sent

_SHORT_VERSION = re.compile(r"V\d+R\d+[A-Z\d]*")


def read_reports(decoded: Decoded, arrival: Arrival) -> list[StatusReport]:
    """Read the documents of a body; what can't be read in one stays in its document alone.

    Raises:
        InvalidReport: at least one names no box.
    """
    return decoded.read_each(lambda document: _read(_without_bytes(document), arrival))


def _without_bytes(value: Any) -> Any:
    """A document holds no bytes: file parts of a form become base64 text."""
    if isinstance(value, bytes):
        return text_as_sent("", value)
    if isinstance(value, list):
        return [_without_bytes(item) for item in value]
    return {name: _without_bytes(v) for name, v in value.items()} if isinstance(value, dict) else value


def _read(document: dict[str, Any], arrival: Arrival) -> StatusReport:
    loaded = readable(document)
    return StatusReport(
        key=next(loaded[name] for name in KEYS if loaded.get(name)),
        details=_box_details(loaded),
        cameras=_cameras(document),
        document=document,
        arrival=arrival,
    )


def _box_details(loaded: dict[str, Any]) -> BoxDetails:
    ext_data = loaded["gateway_ext_data"]
    version, addresses = ext_data.get("sw_version"), loaded.get("gateway_ip")
    return BoxDetails(
        dev_sno=next((loaded[name] for name in LICENCE_KEYS if loaded.get(name)), None),
        gateway_sn=loaded.get("gateway_sn"),
        name=loaded.get("gateway_name"),
        addresses=addresses and " ".join(addresses.split()),
        port=loaded.get("gateway_port"),
        mac=loaded.get("gateway_mac"),
        status=loaded.get("gateway_status"),
        version=version,
        short_version=_short_version(version or ""),
        sdk_version=ext_data.get("sdk_version"),
        **measures(ext_data),
    )


def _short_version(version: str) -> str | None:
    found = _SHORT_VERSION.search(version)
    return found and found.group()


def _cameras(document: dict[str, Any]) -> tuple[CameraReport, ...] | None:
    """Those that have an id; None where the report lists no cameras at all."""
    cameras = readable_cameras(document)
    if cameras is None:
        return None
    found = [(loaded.get("ep_id") or loaded.get("media_device_id"), loaded, part) for loaded, part in cameras]
    return tuple(CameraReport(key, _camera_details(loaded), part) for key, loaded, part in found if key)


def _camera_details(loaded: dict[str, Any]) -> CameraDetails:
    """V6 names the fields of a camera media_device_…, all other firmware ep_…."""
    return CameraDetails(
        name=loaded.get("ep_name", loaded.get("media_device_name")),
        address=loaded.get("ep_ip", loaded.get("media_device_ip")),
        status=loaded.get("ep_status", loaded.get("media_device_status")),
        location=loaded.get("ep_location"),
        type=loaded.get("ep_type", loaded.get("media_device_type")),
        url=loaded.get("ep_url", loaded.get("media_device_url")),
    )

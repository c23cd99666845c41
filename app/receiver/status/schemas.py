"""What is read of a status report; the rest of it is kept unread (SE3 protocol, section 6)."""

from itertools import chain
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields
from marshmallow.validate import Length

from app.domain.pointers import pointer
from app.errors import InvalidReport, Problem
from app.receiver.fields import Gigabytes, Number, TrimmedText, WholeNumber

LONGEST_BOX_KEY = 200  # characters; PostgreSQL's indexes hold some 2,700 bytes, and a camera's key is added
LONGEST_CAMERA_KEY = 400


def _key(longest: int) -> TrimmedText:
    return TrimmedText(validate=Length(max=longest, error="is longer than {max} characters"))


class _Readable(Schema):
    class Meta:
        unknown = EXCLUDE

    error_messages = {"type": "must be an object, { … }"}


class _CpuInfo(_Readable):
    cpu_rate = Number()
    cur_cpu_usage = Number()


class _MemoryInfo(_Readable):
    total_memory = Gigabytes()
    total_memory_scale = Number()
    svt_memory_usage = Number()


class _DiskInfo(_Readable):
    total_disk = Gigabytes()
    free_disk = Gigabytes()


class _ExtData(_Readable):
    gateway_mac = _key(LONGEST_BOX_KEY)
    sw_version = TrimmedText()
    sdk_version = TrimmedText()
    temperature = Number()
    core_temperature = Number()
    cpu_usage = Number()
    cpu_use = Number()
    cpu_info = fields.Nested(_CpuInfo)
    memory_size = Gigabytes()
    memory_usage = Number()
    memory_use = Number()
    memory_info = fields.Nested(_MemoryInfo)
    disk_size = Gigabytes()
    disk_free_size = Gigabytes()
    disk_info = fields.Nested(_DiskInfo)
    emmc = fields.Nested(_DiskInfo)


class _Camera(_Readable):
    ep_id = _key(LONGEST_CAMERA_KEY)
    ep_name = TrimmedText()
    ep_ip = TrimmedText()
    ep_status = TrimmedText()
    ep_location = TrimmedText()
    ep_type = TrimmedText()
    ep_url = TrimmedText()
    media_device_id = _key(LONGEST_CAMERA_KEY)
    media_device_name = TrimmedText()
    media_device_ip = TrimmedText()
    media_device_status = TrimmedText()
    media_device_type = TrimmedText()
    media_device_url = TrimmedText()


class _StatusReport(_Readable):
    dev_sno = _key(LONGEST_BOX_KEY)
    mq_license_key = _key(LONGEST_BOX_KEY)
    reporter_id = _key(LONGEST_BOX_KEY)
    gateway_sn = _key(LONGEST_BOX_KEY)
    gateway_mac = _key(LONGEST_BOX_KEY)
    gateway_ip = TrimmedText()
    gateway_name = TrimmedText()
    gateway_status = TrimmedText()
    gateway_port = WholeNumber()
    gateway_ext_data = fields.Nested(_ExtData)


LICENCE_KEYS = ("dev_sno", "mq_license_key", "reporter_id")
"""The names that firmware lines give to the licence code of a box."""
KEYS = (*LICENCE_KEYS, "gateway_sn", "gateway_mac")
"""What names a box, the best first: its licence code, its serial number, its MAC address."""

_REPORT, _CAMERA = _StatusReport(), _Camera()
_EVENT = "This is an event, not a status report; /HistoryEvent and /RealTimeEvent take events"
_NO_BOX = f"The report names no box: it has none of {', '.join(KEYS)}"


def readable(document: dict[str, Any]) -> dict[str, Any]:
    """The fields of a report's box that are there and of their type; `gateway_ext_data` always is.

    `gateway_mac` stands at the top, wherever it was.

    Raises:
        InvalidReport: none of them names the box, or it is an event that came to the wrong path.
    """
    if "identity_id" in document:
        raise InvalidReport(_EVENT)
    loaded, wrong = _load(_REPORT, document)
    ext_data = loaded.setdefault("gateway_ext_data", {})
    loaded["gateway_mac"] = loaded.get("gateway_mac") or ext_data.get("gateway_mac")
    if not any(loaded.get(name) for name in KEYS):
        problems = [Problem(pointer(name), detail) for name in KEYS for detail in wrong.get(name, ())]
        raise InvalidReport([*problems, Problem("", _NO_BOX)])
    return loaded


def readable_cameras(document: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]] | None:
    """The readable fields of each camera, with its part of the report; None where it lists none."""
    lists = [document.get(name) for name in ("sub_devices", "media_devices")]
    found = [devices for devices in lists if isinstance(devices, list)]
    if not found:
        return None
    return [(_load(_CAMERA, part)[0], part) for part in chain(*found) if isinstance(part, dict)]


def _load(schema: Schema, document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The readable fields, and by field what is wrong with the others."""
    try:
        return schema.load(document), {}
    except ValidationError as error:
        return dict(error.valid_data or ()), error.messages_dict

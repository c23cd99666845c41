"""What is asked of boxes and cameras, and what is answered. Logins in cameras' addresses are left out."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from app.api.cursors import text_cursor
from app.api.fields import page_limit
from app.api.resources import Answer
from app.domain.device_changes import DeviceChange
from app.domain.devices import BoxStatus, CameraStatus
from app.domain.texts import shown


class DeviceQuery(Schema):
    """Which boxes."""

    cursor = text_cursor()
    limit = page_limit()


class Camera(Answer):
    """A camera as its box last reported it."""

    key = fields.String()
    online = fields.Boolean()
    name = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    status = fields.String(allow_none=True, metadata={"description": "absent: no longer reported."})
    location = fields.String(allow_none=True)
    type = fields.String(allow_none=True)
    url = fields.String(allow_none=True, metadata={"description": "Up to the host, without login."})
    first_seen_at = fields.AwareDateTime()
    last_seen_at = fields.AwareDateTime()


class Box(Answer):
    """A box as it last reported itself."""

    key = fields.String()
    online = fields.Boolean()
    dev_sno = fields.String(allow_none=True)
    gateway_sn = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    addresses = fields.String(allow_none=True)
    port = fields.Integer(allow_none=True)
    mac = fields.String(allow_none=True)
    status = fields.String(allow_none=True)
    version = fields.String(allow_none=True)
    short_version = fields.String(allow_none=True)
    sdk_version = fields.String(allow_none=True)
    temperature = fields.Float(allow_none=True, metadata={"description": "In °C."})
    cpu_usage = fields.Float(allow_none=True, metadata={"description": "In percent."})
    memory_size = fields.Float(allow_none=True, metadata={"description": "In GB."})
    memory_usage = fields.Float(allow_none=True, metadata={"description": "The used part, from 0 to 1."})
    disk_size = fields.Float(allow_none=True, metadata={"description": "In GB."})
    disk_free_size = fields.Float(allow_none=True, metadata={"description": "In GB."})
    first_seen_at = fields.AwareDateTime()
    last_seen_at = fields.AwareDateTime()
    period_seconds = fields.Float(allow_none=True, metadata={"description": "How often it reports."})
    cameras = fields.List(fields.Nested(Camera))


class Change(Answer):
    """A field that a report changed, of the box or of a camera."""

    at = fields.AwareDateTime()
    camera_key = fields.String(allow_none=True)
    field = fields.String()
    before = fields.String(allow_none=True)
    after = fields.String(allow_none=True)


class BoxInFull(Box):
    """A box with what changed last."""

    changes = fields.List(fields.Nested(Change))


def box_values(box: BoxStatus, cameras: Sequence[CameraStatus], now: datetime) -> dict[str, Any]:
    """What a box's schema writes."""
    seen = ("key", "first_seen_at", "last_seen_at", "period_seconds")
    values = dataclasses.asdict(box.details) | {name: getattr(box, name) for name in seen}
    return values | {
        "online": box.is_online(now),
        "cameras": [_camera_values(camera, box, now) for camera in cameras],
    }


def change_values(change: DeviceChange) -> dict[str, Any]:
    """What a change's schema writes."""
    texts = {"before": _shown(change.before), "after": _shown(change.after)}
    return dataclasses.asdict(change) | texts


def _camera_values(camera: CameraStatus, box: BoxStatus, now: datetime) -> dict[str, Any]:
    values = dataclasses.asdict(camera.details) | {"url": _shown(camera.details.url)}
    seen = {name: getattr(camera, name) for name in ("key", "first_seen_at", "last_seen_at")}
    return values | seen | {"online": camera.is_online(box, now)}


def _shown(text: str | None) -> str | None:
    return None if text is None else shown(text)

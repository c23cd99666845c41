"""What is asked of events, and what is answered."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields, validate

from app.api.cursors import uuid_cursor
from app.api.delivery_schemas import Delivery
from app.api.fields import Decimal, Instant, Whole, page_limit, plain_text, yes_or_no
from app.api.resources import Answer
from app.domain import pointers
from app.domain.delivery import DeliveryState
from app.domain.events import FaceEvent, Kind
from app.domain.warnings import WarningCode
from app.store.pictures import PictureReference

_LARGEST = 2**31 - 1


class EventQuery(Schema):
    """The filters of the console's page; what is left out is left open."""

    since = Instant(metadata={"description": "Stored then or later."})
    until = Instant(metadata={"description": "Stored before."})
    text = plain_text("A part of the person's or the group's name, or of the person's id.")
    identity = plain_text("The whole id of the person.")
    camera = plain_text("A part of the id or address of the camera, or of the box's licence code.")
    at_camera = plain_text("The same, whole.")
    kind = fields.String(validate=validate.OneOf(list(Kind)))
    person_type = Whole(validate=validate.Range(-_LARGEST, _LARGEST))
    least_score = Decimal()
    most_score = Decimal()
    state = fields.String(validate=validate.OneOf(list(DeliveryState)))
    has_warnings = yes_or_no(metadata={"description": "true: only events with warnings."})
    cursor = uuid_cursor()
    limit = page_limit()


class _EventColumns(Answer):
    """What every answer tells of an event."""

    id = fields.UUID()
    kind = fields.String()
    received_at = fields.AwareDateTime()
    occurred_at = fields.AwareDateTime()
    identity_id = fields.String()
    identity_name = fields.String(allow_none=True)
    group_name = fields.String(allow_none=True)
    score = fields.Float(allow_none=True)
    person_type = fields.Integer(allow_none=True)
    dev_sno = fields.String(allow_none=True)
    device_ip = fields.String(allow_none=True)
    ep_id = fields.String(allow_none=True)


class EventSummary(_EventColumns):
    """An event in short."""

    state = fields.String(metadata={"description": "Of its delivery to EnOS.", "enum": list(DeliveryState)})
    warnings = fields.Integer(metadata={"description": "How many it has."})


class Picture(Answer):
    """A picture, and where to get it."""

    sha256 = fields.String()
    media_type = fields.String()
    size = fields.Integer(metadata={"description": "In bytes."})
    href = fields.String()


class PlacedPicture(Picture):
    """A picture, and where it stood in the document."""

    field = fields.String()
    pointer = fields.String(metadata={"description": "A JSON Pointer into the document."})


class EventWarning(Answer):
    """Something odd about an event."""

    code = fields.String(metadata={"enum": list(WarningCode)})
    pointer = fields.String()
    detail = fields.String()


class Event(_EventColumns):
    """An event with all that is known of it."""

    sighting_id = fields.UUID()
    stored_at = fields.AwareDateTime()
    route = fields.String()
    source_address = fields.String()
    timestamp = fields.String(metadata={"description": "As the box sent it."})
    want_action = fields.String(allow_none=True)
    device_type = fields.String(allow_none=True)
    grab_fiqa_info = fields.Dict(allow_none=True)
    box_fiqa_info = fields.Dict(allow_none=True)
    info = fields.Dict(allow_none=True)
    typed = fields.Boolean(metadata={"description": "false: it came as a form, whose values are all text."})
    fingerprint = fields.String(metadata={"description": "SHA-256 of its content."})
    document = fields.Dict(metadata={"description": "As it was sent; each picture is a reference."})
    pictures = fields.List(fields.Nested(PlacedPicture))
    warnings = fields.List(fields.Nested(EventWarning))
    delivery = fields.Nested(Delivery, allow_none=True)
    twins = fields.List(fields.UUID(), metadata={"description": "Other reports of the same sighting."})


def with_references(event: FaceEvent, shown: Sequence[PictureReference]) -> dict[str, Any]:
    """An event's columns, with references in its document where pictures stood."""
    values = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    for reference in shown:
        pointers.put(event.document, reference.pointer, _picture(reference))
    placed = [{"field": one.field, "pointer": one.pointer} | _picture(one) for one in shown]
    return values | {"fingerprint": event.fingerprint.hex(), "pictures": placed}


def _picture(reference: PictureReference) -> dict[str, Any]:
    sha256 = reference.sha256.hex()
    return {
        "sha256": sha256,
        "media_type": reference.media_type,
        "size": reference.size,
        "href": f"/api/v1/pictures/{sha256}",
    }

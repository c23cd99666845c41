"""What is asked of refused bodies, and what is answered."""

from marshmallow import Schema, fields, validate

from app.api.cursors import uuid_cursor
from app.api.fields import Whole, page_limit
from app.api.resources import Answer, Order
from app.domain.events import Kind
from app.receiver.paths import STATUS


class QuarantineQuery(Schema):
    """Which refused bodies; what is left out is left open."""

    status = Whole(
        validate=validate.Range(400, 599), metadata={"description": "Only those refused with this status."}
    )
    cursor = uuid_cursor()
    limit = page_limit()


class Reason(Answer):
    """One reason for which a body was refused."""

    pointer = fields.String(metadata={"description": "A JSON Pointer into the body; empty for all of it."})
    detail = fields.String()


class RefusedBody(Answer):
    """What is known of a refused body."""

    id = fields.UUID()
    first_received_at = fields.AwareDateTime()
    last_received_at = fields.AwareDateTime()
    times = fields.Integer(metadata={"description": "How often the same one came to the same path."})
    method = fields.String()
    route = fields.String()
    source_address = fields.String()
    content_type = fields.String()
    status = fields.Integer(metadata={"description": "With which it was refused."})
    code = fields.String(allow_none=True)
    problems = fields.List(fields.Nested(Reason))
    size = fields.Integer(metadata={"description": "In bytes."})


class AdmitOrder(Order):
    """How to read a refused body anew."""

    kind = fields.String(
        validate=validate.OneOf([*Kind, STATUS]),
        metadata={"description": "What it holds, if the path it came to does not tell."},
    )
    body = fields.String(
        validate=validate.Length(min=1),
        metadata={"description": "A corrected body to take in place of the kept one, as text."},
    )


class AdmittedEvent(Answer):
    """An event that a body held."""

    id = fields.UUID()
    duplicate = fields.Boolean(metadata={"description": "It was there before."})


class Admitted(Answer):
    """What became of a body."""

    events = fields.List(fields.Nested(AdmittedEvent))
    boxes = fields.List(fields.String(), metadata={"description": "Whose status reports it held."})

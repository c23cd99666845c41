"""What is asked of deliveries, and what is answered."""

from marshmallow import Schema, fields, validate

from app.api.cursors import number_cursor
from app.api.fields import page_limit, plain_text
from app.api.resources import Answer, Order
from app.domain.delivery import DeliveryState


class DeliveryQuery(Schema):
    """Which deliveries; what is left out is left open."""

    state = fields.String(validate=validate.OneOf(list(DeliveryState)))
    channel = plain_text("The name of a channel.")
    cursor = number_cursor()
    limit = page_limit()


class Delivery(Answer):
    """A delivery to EnOS: the outbox has one for each event."""

    id = fields.Integer()
    event_id = fields.UUID()
    channel = fields.String(metadata={"description": "Empty until a forwarder has chosen one."})
    state = fields.String(metadata={"enum": list(DeliveryState)})
    due_at = fields.AwareDateTime(metadata={"description": "A pending one is not tried before."})
    attempts = fields.Integer()
    code = fields.Integer(allow_none=True, metadata={"description": "What EnOS last said."})
    reason = fields.String(allow_none=True)
    settled_at = fields.AwareDateTime(allow_none=True)


class DropOrder(Order):
    """Why a delivery is given up."""

    reason = fields.String(
        required=True,
        validate=[
            validate.Length(max=1000),
            validate.Regexp(r"^[^\u0000]*[^\s\u0000][^\u0000]*$", error="It must say something."),
        ],
        metadata={"description": "Why, for those who look later."},
    )

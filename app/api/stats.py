"""/stats: how much there is of everything, and how the forwarders are."""

import dataclasses
from typing import Any

from marshmallow import fields

from app.api.resources import Answer, Resource
from app.domain.delivery import DeliveryState
from app.domain.forwarders import ForwarderState, as_of
from app.store import channels, clock
from app.store.database import Database
from app.store.queries import quick_counts


class Forwarder(Answer):
    """A forwarder at work on one channel."""

    id = fields.UUID()
    channel = fields.String()
    host = fields.String()
    pid = fields.Integer()
    started_at = fields.AwareDateTime()
    heartbeat_at = fields.AwareDateTime()
    state = fields.String(metadata={"enum": list(ForwarderState)})
    reason = fields.String(allow_none=True)


_Deliveries = type("Deliveries", (Answer,), {state.value: fields.Integer() for state in DeliveryState})


class Stats(Answer):
    """What can be counted at once, however many events there are."""

    events = fields.Integer()
    outbox = fields.Nested(_Deliveries)
    oldest_waiting_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the event came that waits for EnOS longest."}
    )
    quarantine = fields.Integer(metadata={"description": "Refused bodies that are kept."})
    quarantine_dropped = fields.Integer(metadata={"description": "Those dropped to hold the bounds."})
    replies_late = fields.Integer()
    turned_away = fields.Integer()
    boxes = fields.Integer()
    forwarders = fields.List(fields.Nested(Forwarder))


def create_stats(database: Database) -> Resource:
    """Build the endpoint."""
    stats = Resource("stats", __name__, url_prefix="/stats")

    @stats.serves("", Stats)
    def show() -> dict[str, Any]:
        """Count what is stored, and tell how each forwarder is"""
        with database.read() as connection:
            found = quick_counts(connection)
            forwarders = as_of(channels.forwarders(connection), clock.now(connection))
        return dataclasses.asdict(found) | {"forwarders": forwarders}

    return stats

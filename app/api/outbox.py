"""/outbox: the deliveries to EnOS, as `se3 outbox` lists, repeats and drops them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import abort

from app.api.cursors import number_at, of_number
from app.api.delivery_schemas import Delivery, DeliveryQuery, DropOrder
from app.api.resources import Resource, page_of
from app.console.access.guard import note_within
from app.domain.delivery import DeliveryState
from app.store import deliveries as store
from app.store import outbox_tools
from app.store.database import Database

_ONE = "/<int(min=1, max=9223372036854775807):delivery_id>"
_NO_DELIVERY = "There is no such delivery."


def create_outbox(database: Database) -> Resource:
    """Build the endpoints."""
    outbox = Resource("outbox", __name__, url_prefix="/outbox")

    @outbox.serves("", page_of(Delivery), query=DeliveryQuery)
    def find(query: dict[str, Any]) -> dict[str, Any]:
        """List deliveries, newest first

        A page may have fewer than `limit`, or none, and still a `next`: one request looks through 20,000 at
        most.
        """
        state = DeliveryState(query["state"]) if "state" in query else None
        before = number_at(query.get("cursor"))
        with database.read() as connection:
            page = store.page(connection, state, query.get("channel"), query["limit"], before)
        return {"items": page.deliveries, "next": of_number(page.before)}

    @outbox.serves(_ONE, Delivery, others=[404])
    def show(delivery_id: int) -> store.Delivery:
        """Show one delivery"""
        with database.read() as connection:
            return store.get(connection, delivery_id) or abort(404, _NO_DELIVERY)

    @outbox.serves(f"{_ONE}/retry", Delivery, method="POST", others=[404, 409])
    def retry(delivery_id: int) -> store.Delivery:
        """Send one again, unless EnOS has it or is being sent it"""

        def send_again(connection: Any) -> int:
            return outbox_tools.send_again(connection, [delivery_id], outbox_tools.RETRIED)

        return _change(database, delivery_id, "delivery_retried", str(delivery_id), send_again)

    @outbox.serves(f"{_ONE}/drop", Delivery, method="POST", body=DropOrder, others=[404, 409])
    def drop(order: dict[str, str], delivery_id: int) -> store.Delivery:
        """Give one up that waits or is parked: EnOS does not get it"""
        reason = order["reason"].strip()

        def give_up(connection: Any) -> int:
            states, now = outbox_tools.DROPPED, datetime.now(UTC)
            return outbox_tools.drop(connection, [delivery_id], states, reason, now)

        return _change(database, delivery_id, "delivery_dropped", f"{delivery_id} {reason}", give_up)

    return outbox


def _change(
    database: Database, delivery_id: int, action: str, subject: str, change: Callable[[Any], int]
) -> store.Delivery:
    """Change a delivery and note it, in one transaction; 404 if there is none, 409 if it can't be now."""
    with database.write() as connection:
        changed = change(connection)
        found = store.get(connection, delivery_id) or abort(404, _NO_DELIVERY)
        if not changed:
            abort(409, f"It is {found.state}: nothing was changed.")
        note_within(connection, action, subject)
    return found

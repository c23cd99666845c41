"""se3 outbox: what EnOS has yet to get, and what it refused."""

from datetime import UTC, datetime
from uuid import UUID

import click

from app.cli.opening import local_time, open_store, show_table, with_zone
from app.cli.outbox_advice import what_to_do
from app.cli.outbox_changes import drop, replay, retry
from app.cli.outbox_ids import DeliveryName, delivery_ids
from app.cli.outbox_mapped import mapped_now
from app.domain.delivery import Decision, DeliveryState
from app.domain.events import FaceEvent
from app.enos.replies import decide, explain
from app.errors import Se3Error
from app.store import deliveries as store
from app.store import events
from app.store.channels import holder_of

_MEANINGS = {
    DeliveryState.PENDING: "waits until it is due",
    DeliveryState.CLAIMED: "a forwarder is sending it",
    DeliveryState.DELIVERED: "EnOS answered 200",
    DeliveryState.PARKED: "EnOS, or the mapping, refuses it for good",
    DeliveryState.SKIPPED: "it is kept from EnOS on purpose",
    DeliveryState.DROPPED: "a person gave it up",
}


@click.group()
def outbox() -> None:
    """Look at the deliveries to EnOS, repeat them, or give them up."""


outbox.add_command(retry)
outbox.add_command(replay)
outbox.add_command(drop)


@outbox.command("list")
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only this state.")
@click.option("--code", type=int, help="Only those with this code of EnOS.")
@click.option("--channel", help="Only those of this channel.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many, newest first."
)
def list_deliveries(state: str | None, code: int | None, channel: str | None, limit: int) -> None:
    """List deliveries, with what EnOS last said of each."""
    with open_store() as database, database.read() as connection:
        chosen = DeliveryState(state) if state else None
        found = store.listed(connection, chosen, limit, code=code, channel=channel)
        if channel and not store.listed(connection, None, 1, channel=channel):
            raise Se3Error(f"no delivery goes by a channel {channel}")
    when = with_zone("due or settled", filter(None, map(_instant, found)))
    show_table(
        "deliveries",
        ["id", "event", "state", "channel", "attempts", when, "code", "reason"],
        [_row(d) for d in found],
    )


@outbox.command()
@click.argument("name", metavar="ID", type=DeliveryName())
def show(name: int | UUID) -> None:
    """Show one delivery: its event, its state, why it is in it, and what to do.

    ID is that of a delivery or of its event.
    """
    with open_store() as database:
        [outbox_id] = delivery_ids(database, [name])
        with database.read() as connection:
            delivery = store.get(connection, outbox_id)
            event = events.get(connection, delivery.event_id) if delivery else None
            if delivery is None or event is None:
                raise Se3Error(f"there is no delivery {outbox_id}; `se3 outbox list` shows the newest")
            mapped = mapped_now(event)
            holder = holder_of(connection, delivery.channel or mapped.channel)
    _show(_known(delivery) | _known_of(event) | {"device key": mapped.device_key})
    _show({"what to do": what_to_do(delivery, holder)})


def _show(lines: dict[str, str]) -> None:
    for name, value in lines.items():
        if value:
            click.echo(f"{name:<14}{value}")


def _known(delivery: store.Delivery) -> dict[str, str]:
    return {
        "id": str(delivery.id),
        "state": f"{delivery.state}: {_MEANINGS[DeliveryState(delivery.state)]}",
        "channel": delivery.channel or "none yet: the forwarder chooses one",
        "attempts": str(delivery.attempts),
        "due" if delivery.settled_at is None else "settled at": _when(delivery),
        "code": _code_in_words(delivery),
        "reason": delivery.reason or "",
    }


def _known_of(event: FaceEvent) -> dict[str, str]:
    return {
        "event": str(event.id),
        "kind": event.kind,
        "received at": local_time(event.received_at),
        "occurred at": local_time(event.occurred_at),
        "identity": event.identity_id,
        "device": event.ep_id or event.dev_sno or event.device_ip or "",
    }


def _code_in_words(delivery: store.Delivery) -> str:
    if delivery.code is None:
        return ""
    words = "" if decide(delivery.code) == Decision.DELIVERED else explain(delivery.code, "")
    return str(delivery.code) if words in (delivery.reason or "") else f"{delivery.code}: {words}"


def _row(delivery: store.Delivery) -> list[str]:
    return [
        str(delivery.id),
        str(delivery.event_id),
        delivery.state,
        delivery.channel,
        str(delivery.attempts),
        _when(delivery),
        "" if delivery.code is None else str(delivery.code),
        delivery.reason or "",
    ]


def _when(delivery: store.Delivery) -> str:
    instant = _instant(delivery)
    return local_time(instant) if instant else "at once"


def _instant(delivery: store.Delivery) -> datetime | None:
    """When it was settled or is due, None if that is now."""
    if delivery.settled_at is None and delivery.due_at <= datetime.now(UTC):
        return None
    return delivery.settled_at or delivery.due_at

"""The page of the relay: how each channel is, what stopped and why, and what went to EnOS in a day."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from app import jsontext
from app.config import Settings
from app.console.notices import done
from app.console.relay import changes, charts
from app.console.relay.channels import channel_lines
from app.console.relay.words import advice, lasting
from app.console.words import named_forwarder
from app.domain.delivery import DeliveryState
from app.domain.forwarders import as_of
from app.domain.throughput import by_period
from app.store import backlogs, causes, channels, clock, delivery_counts, outbox_tools
from app.store.causes import Cause
from app.store.database import Database
from app.store.models import STOPPED

_SHOWN, _BAR, _HOUR = timedelta(hours=24), timedelta(minutes=15), timedelta(hours=1)
_LONGEST_REASON = 500  # characters


def create_relay(settings: Settings, database: Database) -> Blueprint:
    """Build the page and its actions."""
    relay = Blueprint("relay", __name__)

    @relay.get("/relay")
    def show() -> str:
        with database.read() as connection:
            now = clock.now(connection)
            forwarders = as_of(channels.forwarders(connection), now)
            counts = delivery_counts.since(connection, now - _SHOWN)
            lines = channel_lines(forwarders, backlogs.backlogs(connection), counts, now)
            stopped = {state: causes.causes(connection, state) for state in STOPPED}
        bars, hours = (by_period(counts, now - _SHOWN, now, length) for length in (_BAR, _HOUR))
        return render_template(
            "relay/relay.html",
            now=now,
            lines=lines,
            stopped=stopped,
            bars=bars,
            hours=hours,
            is_set_up=settings.enos_broker_url is not None or settings.enos_mapping is not None,
            charts=charts,
            words={
                "advice": advice,
                "lasting": lasting,
                "forwarder": named_forwarder,
                "cause": jsontext.dump,
            },
        )

    @relay.post("/relay/retry")
    def retry() -> AnyResponse:
        state, cause = _state(), _cause()
        ids = _ids(database, state, cause)
        some = ids[:1] if request.form.get("only") else ids
        return done("retried", changes.send_again(database, state, cause, some), "relay.show")

    @relay.post("/relay/drop")
    def drop() -> AnyResponse:
        cause, reason = _cause(), request.form.get("reason", "").strip()[:_LONGEST_REASON]
        if not reason or "\x00" in reason or not request.form.get("sure"):
            abort(422, gettext("Nothing was changed: say why they are given up, and tick that you are sure."))
        ids = _ids(database, DeliveryState.PARKED, cause)
        return done("dropped", changes.give_up(database, cause, ids, reason), "relay.show")

    @relay.post("/events/<uuid:event_id>/replay")
    def replay(event_id: UUID) -> AnyResponse:
        with database.read() as connection:
            outbox_id = outbox_tools.ids_of_events(connection, [event_id]).get(event_id) or abort(404)
        number = changes.replay(database, event_id, outbox_id)
        return done("retried" if number else "under_way", number, "events.show", event_id=event_id)

    return relay


def _ids(database: Database, state: DeliveryState, cause: Cause) -> list[int]:
    with database.read() as connection:
        return causes.of_cause(connection, state, cause)


def _state() -> DeliveryState:
    state = request.form.get("state", "")
    if state not in STOPPED:
        abort(400)
    return DeliveryState(state)


def _cause() -> Cause:
    """The cause of a form, a JSON list: text would not come back from a form with its line breaks."""
    try:
        code, reason = jsontext.parse(request.form.get("cause", ""))
    except (ValueError, TypeError):
        abort(400)
    if not _is_code(code) or not (reason is None or (isinstance(reason, str) and "\x00" not in reason)):
        abort(400)
    return Cause(code, reason)


def _is_code(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31)

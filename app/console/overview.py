"""One page that is green when all is well, and otherwise says what is wrong and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, render_template
from flask_babel import gettext

from app.config import Settings
from app.console.words import named_forwarder
from app.domain.devices import BoxStatus
from app.domain.forwarders import Forwarder, ForwarderState, as_of
from app.store import channels, clock, devices
from app.store.database import Database
from app.store.queries import QuickCounts, quick_counts
from app.telemetry.health import faults

_WELL = frozenset({ForwarderState.HEALTHY, ForwarderState.STANDBY})
_SLOW = timedelta(minutes=2)  # a retry or two is nothing to look at


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a person should look at, and what to do about it; `link` is the endpoint to do it at."""

    what: str
    advice: str
    link: str | None = None


def create_overview(settings: Settings, database: Database) -> Blueprint:
    """Build the page."""
    overview = Blueprint("overview", __name__)

    @overview.get("/")
    def show() -> str:
        with database.read() as connection:
            found = quick_counts(connection)
            now = clock.now(connection)
            forwarders = as_of(channels.forwarders(connection), now)
            silent = [box for box in devices.boxes(connection) if not box.is_online(now)]
        troubles = [
            *_of_receiver(faults(settings, database)),
            *_of_relay(settings, found, forwarders),
            *_of_boxes(found, silent),
        ]
        return render_template("overview.html", counts=found, forwarders=forwarders, troubles=troubles)

    return overview


def _of_receiver(found: list[str]) -> Iterator[Trouble]:
    for fault in found:
        yield Trouble(
            gettext("The receiver can't take events: %(fault)s.", fault=fault), gettext("Look into its log.")
        )


def _of_relay(settings: Settings, found: QuickCounts, forwarders: list[Forwarder]) -> Iterator[Trouble]:
    if settings.enos_broker_url is None and settings.enos_mapping is None:
        yield Trouble(
            gettext("Events are stored, but not relayed: EnOS is not set up."),
            gettext("Set ENOS_BROKER_URL and what belongs to it."),
        )
        return
    if not forwarders:
        yield Trouble(gettext("No forwarder is at work."), gettext("Start se3 run, or se3 forward."))
    for one in forwarders:
        if one.state not in _WELL:
            words = gettext(
                "The forwarder of channel %(name)s: %(state)s.",
                name=one.channel,
                state=named_forwarder(one.state),
            )
            yield Trouble(words, one.reason or gettext("Its log says why."))
    if found.oldest_waiting_at and datetime.now(UTC) - found.oldest_waiting_at > _SLOW:
        yield Trouble(
            gettext("%(number)d events wait for EnOS.", number=found.waiting),
            gettext("They are sent once EnOS takes them; nothing is lost."),
        )
    if parked := found.outbox["parked"]:
        yield Trouble(
            gettext("EnOS refused %(number)d events.", number=parked),
            gettext("se3 outbox list --state parked says why; se3 outbox retry sends them again."),
        )


def _of_boxes(found: QuickCounts, silent: list[BoxStatus]) -> Iterator[Trouble]:
    for box in silent:
        words = gettext("Box %(name)s is offline or silent.", name=box.details.name or box.key)
        yield Trouble(words, gettext("Look at its power and network; se3 boxes show tells more."))
    if found.quarantine:
        yield Trouble(
            gettext("%(number)d bodies were refused and are kept.", number=found.quarantine),
            gettext("Look why, and admit or discard them."),
            "refused.find",
        )
    if not found.events:
        yield Trouble(gettext("No event has come yet."), gettext("Type the receiver's address into a box."))

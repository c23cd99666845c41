"""What a person should look at, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flask_babel import gettext, ngettext

from app.config import Settings
from app.console.reasons.translating import translated
from app.console.words import named_forwarder
from app.domain.delivery import SLOW_AFTER
from app.domain.devices import BoxStatus
from app.domain.forwarders import WELL, Forwarder
from app.domain.texts import shown
from app.store.queries import QuickCounts
from app.store.spool.spool import Spooled


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a person should look at, and what to do about it; `link` is the endpoint to do it at."""

    what: str
    advice: str
    link: str | None = None


def of_receiver(found: list[str], is_gone: bool) -> Iterator[Trouble]:
    """`found`: what keeps the receiver from taking events. `is_gone`: it is known that none runs."""
    if is_gone:
        yield Trouble(
            gettext("No receiver runs: boxes can't deliver."),
            gettext("Start se3 run; its log says why it ended."),
        )
    for fault in found:
        yield Trouble(
            gettext("The receiver can't take events: %(fault)s.", fault=translated(fault)),
            gettext("Look into its log."),
        )


def of_keys(missing: list[str]) -> Iterator[Trouble]:
    """`missing`: the ids of keys that encrypted what is stored, and are not at hand."""
    for key in missing:
        yield Trouble(
            gettext("Pictures and refused bodies can't be decrypted: key %(key)s is missing.", key=key),
            gettext("Add it to PICTURE_KEYS, and start again."),
        )


def of_spool(spool: Spooled | None) -> Iterator[Trouble]:
    """What has waited for PostgreSQL on this machine, for longer than it takes to move it.

    `spool`: None if it can't be read.
    """
    if spool is None:
        yield Trouble(
            gettext("The spool can't be read: while PostgreSQL is away, boxes can't deliver."),
            gettext("The console's log says why, and se3 doctor what to do."),
        )
    elif spool.oldest_at and datetime.now(UTC) - spool.oldest_at > SLOW_AFTER:
        yield Trouble(
            ngettext(
                "%(num)d event waits for PostgreSQL on this machine.",
                "%(num)d events wait for PostgreSQL on this machine.",
                spool.events,
            ),
            gettext("Nothing is lost. The receiver's log says why they can't be moved."),
        )


def of_relay(settings: Settings, found: QuickCounts, forwarders: list[Forwarder]) -> Iterator[Trouble]:
    """What stands between the events and EnOS."""
    if settings.enos_broker_url is None and settings.enos_mapping is None:
        yield Trouble(
            gettext("Events are stored, but not relayed: EnOS is not set up."),
            gettext("Set ENOS_BROKER_URL and what belongs to it."),
        )
        return
    if not forwarders:
        yield Trouble(gettext("No forwarder is at work."), gettext("Start se3 run, or se3 forward."))
    for one in forwarders:
        if one.state not in WELL:
            words = gettext(
                "The forwarder of channel %(name)s: %(state)s.",
                name=one.channel,
                state=named_forwarder(one.state),
            )
            yield Trouble(words, translated(one.reason or "") or gettext("Its log says why."), "relay.show")
    if found.oldest_waiting_at and datetime.now(UTC) - found.oldest_waiting_at > SLOW_AFTER:
        yield Trouble(
            ngettext("%(num)d event waits for EnOS.", "%(num)d events wait for EnOS.", found.waiting),
            gettext("They are sent once EnOS takes them; nothing is lost."),
            "relay.show",
        )
    if parked := found.outbox["parked"]:
        yield Trouble(
            ngettext("EnOS refused %(num)d event.", "EnOS refused %(num)d events.", parked),
            gettext("Look why, mend it, and send them again."),
            "relay.show",
        )


def of_boxes(found: QuickCounts, silent: list[BoxStatus]) -> Iterator[Trouble]:
    """What stands between the boxes and the events. `silent`: the boxes that are not online."""
    for box in silent:
        words = gettext("Box %(name)s is offline or silent.", name=box.details.name or box.key)
        mend = gettext("Look at its power and network.")
        forget = gettext("Gone for good: se3 boxes forget %(key)s.", key=shown(box.key))
        yield Trouble(words, f"{mend} {forget}", "boxes.find")
    if found.quarantine:
        yield Trouble(
            ngettext(
                "%(num)d body was refused and is kept.",
                "%(num)d bodies were refused and are kept.",
                found.quarantine,
            ),
            gettext("Look why, and admit or discard them."),
            "refused.find",
        )
    if not found.events:
        yield Trouble(gettext("No event has come yet."), gettext("Point a box here."), "boxes.new")

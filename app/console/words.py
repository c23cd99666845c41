"""What templates are given beside their page's own: names in the reader's language, and times."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Flask, g
from flask_babel import gettext
from markupsafe import Markup

from app.console.access.guard import form_token
from app.console.access.roles import allows
from app.console.notices import notice
from app.console.reasons.translating import translated
from app.domain.delivery import DeliveryState
from app.domain.events import Kind
from app.domain.forwarders import ForwarderState
from app.domain.ids import made_at
from app.domain.warnings import WarningCode
from app.exports.archive import MOST_EVENTS as MOST_EXPORTED
from app.store.event_search import MOST_LOOKED_AT
from app.store.people import MOST_EVENTS, MOST_PEOPLE

Named = tuple[str, str]
"""A value and what it is called."""


def give_words(app: Flask) -> None:
    """Give them to every template of the app."""
    for words in (named_state, named_kind, translated):
        app.jinja_env.filters[words.__name__] = words
    for times in (moment, hour_before, hour_after, made_at):
        app.jinja_env.filters[times.__name__] = times
    app.jinja_env.globals |= {
        "zone": _zone,
        "most_looked_at": MOST_LOOKED_AT,
        "most_exported": MOST_EXPORTED,
        "most_people": MOST_PEOPLE,
        "most_events": MOST_EVENTS,
    }

    @app.context_processor
    def words_of_all_pages() -> dict[str, object]:
        return {
            "user": g.get("user"),
            "pages": [page for page in _pages() if _may(page[0])],
            "may": _may,
            "notice": notice(),
            "form_field": _form_field,
            "named_state": named_state,
            "named_warning": named_warning,
            "person_types": _person_types(),
            "picture_names": _picture_names(),
        }


def named_state(state: str) -> Named:
    """A delivery's state."""
    names = {
        DeliveryState.PENDING: gettext("waits for EnOS"),
        DeliveryState.CLAIMED: gettext("on its way to EnOS"),
        DeliveryState.DELIVERED: gettext("in EnOS"),
        DeliveryState.PARKED: gettext("refused by EnOS"),
        DeliveryState.SKIPPED: gettext("not for EnOS"),
        DeliveryState.DROPPED: gettext("given up"),
    }
    return state, names[DeliveryState(state)]


def named_forwarder(state: str) -> str:
    """What a forwarder's state is called; see `app.domain.forwarders`."""
    names = {
        ForwarderState.HEALTHY: gettext("healthy"),
        ForwarderState.FAILING: gettext("connected, but EnOS answers with faults or not at all"),
        ForwarderState.DISCONNECTED: gettext("not connected to EnOS"),
        ForwarderState.PAUSED: gettext("shut out by EnOS for a while"),
        ForwarderState.STANDBY: gettext("standing by"),
        ForwarderState.DEAD: gettext("gone without a word"),
    }
    return str(names[ForwarderState(state)])


def named_kind(kind: str) -> Named:
    """Which of a box's two reports an event came in."""
    return kind, {Kind.HISTORY: gettext("history"), Kind.REALTIME: gettext("real-time")}[Kind(kind)]


def named_warning(code: str) -> str:
    """What a kind of warning is called; one that only another version knows has its code."""
    names = {
        WarningCode.CLOCK_BEHIND: gettext("clock never set"),
        WarningCode.CLOCK_AHEAD: gettext("clock ahead"),
        WarningCode.NO_PICTURE: gettext("broken picture"),
        WarningCode.NOT_UTF8: gettext("not in UTF-8"),
        WarningCode.VALUES_LOST: gettext("values lost on the way"),
        WarningCode.UNKNOWN_PERSON_TYPE: gettext("unknown person type"),
        WarningCode.FIELD_MISSING: gettext("field missing"),
        WarningCode.FIELD_WRONG: gettext("field of a wrong type"),
        WarningCode.CORRECTED: gettext("corrected by a person"),
    }
    return str(names.get(WarningCode(code), code)) if code in set(WarningCode) else code


def moment(instant: datetime) -> str:
    """An instant in this machine's zone, to the second."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M:%S}"


def _zone() -> str:
    """This machine's zone, as its difference from UTC now."""
    return f"UTC{datetime.now().astimezone().isoformat()[-6:]}"


def hour_before(instant: datetime) -> str:
    """Half an hour earlier, as a field for times takes it."""
    return f"{(instant - timedelta(minutes=30)).astimezone():%Y-%m-%dT%H:%M}"


def hour_after(instant: datetime) -> str:
    """Half an hour later, as above."""
    return f"{(instant + timedelta(minutes=30)).astimezone():%Y-%m-%dT%H:%M}"


def _pages() -> list[Named]:
    return [
        ("overview.show", gettext("Overview")),
        ("live.show", gettext("Live")),
        ("events.find", gettext("Events")),
        ("people.find", gettext("People")),
        ("strangers.find", gettext("Strangers")),
        ("boxes.find", gettext("Boxes")),
        ("relay.show", gettext("Relay")),
        ("refused.find", gettext("Refused")),
        ("users.show", gettext("Users")),
        ("audit.find", gettext("Audit log")),
    ]


def _may(endpoint: str) -> bool:
    """Whether the present user may use an endpoint: what he may not is not offered."""
    return g.get("user") is not None and allows(g.user.role, endpoint)


def _form_field() -> Markup:
    return Markup('<input type="hidden" name="form_token" value="{}">').format(form_token())


def _person_types() -> Mapping[int, str]:
    """SE3 protocol, section 2."""
    return {
        1: gettext("employee"),
        2: gettext("visitor"),
        3: gettext("blacklisted"),
        4: gettext("stranger"),
        5: gettext("VIP"),
    }


def _picture_names() -> Mapping[str, str]:
    return {
        "reg_pic": gettext("library photo"),
        "spot_pic": gettext("scene"),
        "recognize_face": gettext("face"),
        "ir_pic": gettext("infrared"),
    }

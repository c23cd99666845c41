"""Says on the next page what an action has done."""

from typing import Any

from flask import redirect, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response as AnyResponse

_MOST = 10**9


def done(what: str, number: int, endpoint: str, **values: Any) -> AnyResponse:
    """Lead to a page, which says what was done to how many; `what` is a key of `notice`."""
    return redirect(url_for(endpoint, done=what, number=number, **values), code=303)


def notice() -> str | None:
    """What the present page says of the action before it: one of a few texts, whatever the address holds."""
    number = request.args.get("number", 0, type=int)
    texts = _texts(number) if 0 <= number <= _MOST else {}
    return texts.get(request.args.get("done", ""))


def _texts(number: int) -> dict[str, str]:
    return {
        "retried": ngettext("%(num)d event is sent again.", "%(num)d events are sent again.", number),
        "dropped": ngettext("%(num)d event is given up.", "%(num)d events are given up.", number),
        "under_way": gettext("It is on its way to EnOS already; nothing was changed."),
        "admitted": ngettext(
            "%(num)d refused body was admitted.", "%(num)d refused bodies were admitted.", number
        ),
        "discarded": ngettext(
            "%(num)d refused body was discarded.", "%(num)d refused bodies were discarded.", number
        ),
        "forgotten": ngettext(
            "The person is forgotten: %(num)d event was removed.",
            "The person is forgotten: %(num)d events were removed.",
            number,
        ),
        "forgotten_in_part": ngettext(
            "%(num)d event was removed; there are more. Go on below.",
            "%(num)d events were removed; there are more. Go on below.",
            number,
        ),
        "forgotten_but_unreadable": ngettext(
            "What could be read of the person is removed; %(num)d refused body could not be looked into.",
            "What could be read of the person is removed; %(num)d refused bodies could not be looked into.",
            number,
        ),
        "forgotten_but_refused": ngettext(
            "%(num)d event was removed. There was no time to look into all refused bodies: "
            "se3 person forget goes on.",
            "%(num)d events were removed. There was no time to look into all refused bodies: "
            "se3 person forget goes on.",
            number,
        ),
        "forgotten_but_spool": ngettext(
            "Removed, but %(num)d request in the spool can't be read. Forget again once it is moved.",
            "Removed, but %(num)d requests in the spool can't be read. Forget again once they are moved.",
            number,
        ),
        "person_held": gettext("The person is on hold: nothing of theirs is removed."),
        "person_released": gettext("The hold is ended."),
        "role_changed": gettext("The user has the other role, and has to log in again."),
        "user_disabled": gettext("The user is disabled."),
        "user_enabled": gettext("The user is enabled."),
    }

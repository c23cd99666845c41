"""How boxes are, in the reader's language."""

from collections.abc import Callable
from datetime import timedelta

from flask_babel import gettext

from app.domain.devices import BoxDetails, BoxState
from app.domain.known_boxes import CLOCKS_AGREE, events_by_hour, least_lag, warnings_by_code
from app.domain.texts import measured, shown

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))


def box_words() -> dict[str, Callable[..., object]]:
    """What the templates of boxes call."""
    return {
        "state_of": state_of,
        "clock": clock,
        "disk": disk,
        "memory": memory,
        "measured": measured,
        "shown": shown,
        "warnings_by_code": warnings_by_code,
        "least_lag": least_lag,
        "events_by_hour": events_by_hour,
    }


def state_of(state: BoxState) -> str:
    """What a box's state is called."""
    names = {
        BoxState.ONLINE: gettext("online"),
        BoxState.SILENT: gettext("silent"),
        BoxState.OFFLINE: gettext("offline, as it says itself"),
        BoxState.UNREPORTED: gettext("sends no status reports"),
    }
    return str(names[state])


def clock(lag: timedelta | None) -> str:
    """What the least lag of some events tells of their box's clock; see `app.domain.senders.SenderHour`."""
    if lag is None:
        return str(gettext("unknown, for no event came"))
    if lag < -CLOCKS_AGREE:
        return str(gettext("%(time)s ahead", time=_span(-lag)))
    if lag > CLOCKS_AGREE:
        return str(gettext("up to %(time)s behind, or its events came late", time=_span(lag)))
    return str(gettext("right"))


def disk(details: BoxDetails) -> str:
    """How much of it is free."""
    free, size = measured(details.disk_free_size, " GB"), measured(details.disk_size, " GB")
    return str(gettext("%(free)s of %(size)s free", free=free, size=size)) if free and size else free


def memory(details: BoxDetails) -> str:
    """How much of it is used."""
    if details.memory_usage is None or details.memory_size is None:
        return measured(details.memory_size, " GB")
    used, size = f"{details.memory_usage:.0%}", measured(details.memory_size, " GB")
    return str(gettext("%(used)s of %(size)s used", used=used, size=size))


def _span(time: timedelta) -> str:
    """A length of time in its largest unit, as d, h, min or s."""
    seconds = time.total_seconds()
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= size), ("s", 1))
    return f"{seconds / size:.3g} {unit}" if seconds / size < 1000 else f"{seconds / size:.0f} {unit}"

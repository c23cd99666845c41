"""What the page of the relay says: what to do about a cause, and how long something takes."""

from datetime import timedelta

from flask_babel import format_timedelta, gettext

from app.domain.delivery import DeliveryState
from app.domain.throughput import BOUNDS_MS
from app.enos.remedies import Remedy, remedy


def advice(state: str, code: int | None) -> str:
    """What a person can do about deliveries that are parked, skipped or dropped."""
    words = {
        DeliveryState.PARKED: _remedies()[remedy(code)],
        DeliveryState.SKIPPED: gettext(
            "ENOS_EVENTS or the mapping keeps them from EnOS: change it, start anew, then send again."
        ),
        DeliveryState.DROPPED: gettext(
            "A person gave them up. If EnOS should get them after all, send them again."
        ),
    }
    return str(words[DeliveryState(state)])


def lasting(time: timedelta) -> str:
    """A time in its largest unit."""
    return str(format_timedelta(time))


def latency(milliseconds: int) -> str:
    """One of BOUNDS_MS, under which a time lies."""
    if milliseconds == BOUNDS_MS[-1]:
        return str(gettext("in more than a day"))
    time = f"{milliseconds} ms" if milliseconds < 1000 else lasting(timedelta(milliseconds=milliseconds))
    return str(gettext("within %(time)s", time=time))


def _remedies() -> dict[Remedy, str]:
    return {
        Remedy.REGISTER: gettext(
            "Register the device in EnOS; se3 enos devices prints the keys. Then send again."
        ),
        Remedy.COMPARE: gettext(
            "Compare the thing model in EnOS with what se3 enos model prints, mend either, then send again."
        ),
        Remedy.SHRINK: gettext(
            "Have the mapping file send less, such as links instead of pictures; start anew, then send again."
        ),
        Remedy.MEND: gettext(
            "Do what the reason says: mostly mend the mapping file and start anew. Then send again."
        ),
        Remedy.ASK: gettext(
            "Mend what the reason says; se3 enos preview prints the message. Then send again."
        ),
    }

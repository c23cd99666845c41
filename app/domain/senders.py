"""Who sends events, how many in each hour, and which box each of them is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.devices import BoxStatus

HOURS_SHOWN = 24

ALL = ""
"""In the place of a warning's code: all events, whether they have warnings or not."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A box's licence code, "" where its events have none in them, and the address they came from.

    Real-time events have no licence code (SE3 protocol, section 2).
    """

    dev_sno: str
    source_address: str


@dataclass(frozen=True, slots=True)
class Heard:
    """How many events a sender sent, and when the first and the last of them came."""

    sender: Sender
    events: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SenderHour:
    """How many events of an hour have a warning of this code, or how many there are (`ALL`).

    `least_lag`: by how much the promptest of them came later than its box's time; negative if that was ahead.
    """

    sender: Sender
    hour: datetime
    code: str
    events: int
    least_lag: timedelta


def hours_until(now: datetime) -> list[datetime]:
    """When each hour of a day begins that ends with the present one."""
    present = now.replace(minute=0, second=0, microsecond=0)
    return [present - timedelta(hours=HOURS_SHOWN - 1 - hour) for hour in range(HOURS_SHOWN)]


def owners(boxes: Sequence[BoxStatus], senders: Iterable[Sender]) -> dict[Sender, str]:
    """The key of each sender's box, as its status reports name it.

    A sender without a licence code is the one box that is known to be at its address. Of boxes that report
    no status the key is their licence code, or else their address.
    """
    senders = list(senders)
    of_licence = {name: box.key for box in boxes for name in (box.details.dev_sno, box.key) if name}
    found = {one: of_licence.get(one.dev_sno, one.dev_sno) for one in senders if one.dev_sno}
    at_address: dict[str, set[str]] = defaultdict(set)
    for box in boxes:
        for address in (box.details.addresses or "").split():
            at_address[address].add(box.key)
    for sender, key in found.items():
        at_address[sender.source_address].add(key)
    for one in senders:
        if not one.dev_sno:
            here = at_address[one.source_address]
            found[one] = next(iter(here)) if len(here) == 1 else one.source_address
    return found

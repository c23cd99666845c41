"""How each channel is: who holds it, what waits for it, how fast that goes, and how long it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.throughput import Outcome, PeriodCount, beginning
from app.store.backlogs import Backlog
from app.store.outbox import UNROUTED

_SHORTEST = timedelta(minutes=1)  # a rate over less would leap


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel; `name` is "" for what no channel has yet, where there are several.

    `forwarder` holds it, or did last; None if none is at work. `rate`: events a second that EnOS took of
    late. `is_cut`: more than `waiting` wait.
    """

    name: str
    forwarder: Forwarder | None
    standbys: Sequence[Forwarder]
    waiting: int
    is_cut: bool
    oldest_at: datetime | None
    rate: float

    @property
    def drained_in(self) -> timedelta | None:
        """How long what waits takes at this rate; None if nothing goes."""
        return timedelta(seconds=self.waiting / self.rate) if self.rate else None


def channel_lines(
    forwarders: Sequence[Forwarder], backlogs: Sequence[Backlog], counts: Sequence[PeriodCount], now: datetime
) -> list[ChannelLine]:
    """A line for each channel that a forwarder is at work on, or that something waits for.

    What no channel has yet waits for the only one, where there is one only.
    """
    names = ({one.channel for one in forwarders} | {one.channel for one in backlogs}) - {UNROUTED}
    is_only = len(names) == 1
    lines = [
        _line(name, {name, UNROUTED} if is_only else {name}, forwarders, backlogs, counts, now)
        for name in names
    ]
    if not is_only and any(one.channel == UNROUTED for one in backlogs):
        lines.append(_line(UNROUTED, {UNROUTED}, forwarders, backlogs, counts, now))
    return sorted(lines, key=lambda line: line.name)


def _line(
    name: str,
    sources: set[str],
    forwarders: Sequence[Forwarder],
    backlogs: Sequence[Backlog],
    counts: Sequence[PeriodCount],
    now: datetime,
) -> ChannelLine:
    own = [one for one in forwarders if one.channel == name]
    standbys = [one for one in own if one.state is ForwarderState.STANDBY]
    waiting = [one for one in backlogs if one.channel in sources]
    return ChannelLine(
        name,
        next((one for one in own if one not in standbys), None),
        standbys,
        sum(one.number for one in waiting),
        any(one.is_cut for one in waiting),
        min((one.oldest_at for one in waiting), default=None),
        _rate([one for one in counts if name in (one.channel, UNROUTED)], now),
    )


def _rate(counts: Sequence[PeriodCount], now: datetime) -> float:
    start = beginning(now - _SHORTEST)
    delivered = sum(
        one.number for one in counts if one.outcome is Outcome.DELIVERED and one.began_at >= start
    )
    return delivered / (now - start).total_seconds()

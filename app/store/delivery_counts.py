"""How many deliveries fared how, by channel and period: a few rows, whatever the number of events."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from app.domain.delivery import DeliveryState
from app.domain.ids import made_at_ms
from app.domain.throughput import Outcome, PeriodCount, beginning, by_bound
from app.domain.times import to_milliseconds
from app.store.driver import Insert
from app.store.models import DeliveryCountRow
from app.store.settlements import Settlement

KEPT = timedelta(days=31)

_OUTCOMES = {DeliveryState.PARKED: Outcome.PARKED, DeliveryState.PENDING: Outcome.RETRIED}
_COLUMNS = ("began_at", "channel", "outcome", "within_ms", "number")
_UPSERT = Insert(
    DeliveryCountRow,
    _COLUMNS,
    "ON CONFLICT (began_at, channel, outcome, within_ms)"
    " DO UPDATE SET number = delivery_counts.number + excluded.number",
)


def add(
    connection: Connection, delivered: Sequence[Settlement], failed: Sequence[Settlement], now: datetime
) -> None:
    """Count deliveries that were just settled, by one statement.

    The rows are in order, so that two transactions can't wait for each other.
    """
    numbers = _delivered(delivered, to_milliseconds(now)) + Counter(
        (one.claimed.channel, _OUTCOMES[one.state], 0) for one in failed
    )
    _UPSERT.execute(connection, [(beginning(now), *key, numbers[key]) for key in sorted(numbers)])


def forget_old(connection: Connection, now: datetime) -> None:
    """Delete what is older than KEPT."""
    connection.execute(delete(DeliveryCountRow).where(DeliveryCountRow.began_at < now - KEPT))


def since(connection: Connection, start: datetime) -> Sequence[PeriodCount]:
    """What was counted in all periods that began at `start` or later."""
    query = select(*(getattr(DeliveryCountRow, name) for name in _COLUMNS))
    rows = connection.execute(query.where(DeliveryCountRow.began_at >= start))
    return [
        PeriodCount(began_at, channel, Outcome(outcome), within_ms, number)
        for began_at, channel, outcome, within_ms, number in rows
    ]


def _delivered(settlements: Sequence[Settlement], now_ms: int) -> Counter[tuple[str, Outcome, int]]:
    """Numbers by channel, outcome and latency."""
    latencies: defaultdict[str, list[int]] = defaultdict(list)
    for row, *_ in settlements:
        latencies[row.channel].append(now_ms - made_at_ms(row.event_id))
    return Counter(
        {
            (channel, Outcome.DELIVERED, bound): number
            for channel, some in latencies.items()
            for bound, number in by_bound(some).items()
        }
    )

"""What store and machine know, for Prometheus: read when it is asked for, so it survives every restart."""

import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.config import Settings
from app.domain.devices import BoxStatus
from app.domain.forwarders import Forwarder, ForwarderState, as_of
from app.domain.texts import shown
from app.errors import StoreUnavailable
from app.store import channels, clock, counters, devices
from app.store.database import Database
from app.store.queries import QuickCounts, quick_counts
from app.store.removal import runs
from app.store.removal.runs import Run
from app.store.size import size_bytes
from app.store.spool.spool import Spooled
from app.telemetry.asking import SCRAPE_SECONDS, asked_soon
from app.telemetry.health import disk_bytes, faults, spooled_here

_MOST_BOXES = 1000
_REMOVED = (("retention", counters.EXPIRED), ("forgotten", counters.FORGOTTEN))

log = structlog.get_logger(__name__)


class StoreMetrics(Collector):
    """Looks at what is quick to look at, however many events there are; see `QuickCounts`."""

    def __init__(self, settings: Settings, database: Database) -> None:
        """Nothing is read yet."""
        self._settings = settings
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Read everything, as of one moment; while the database can't be read, what this machine knows."""
        found: list[Metric] = []
        try:
            found = asked_soon(self._database, _of_database, SCRAPE_SECONDS)
        except StoreUnavailable as error:
            log.error("store_unavailable", reason=str(error))
        yield _gauge("se3_database_available", "1 while the database can be read.", bool(found))
        yield from found
        yield from self._of_disk()
        yield from _of_spool(spooled_here(self._settings))
        yield from self._of_installation()

    def _of_disk(self) -> Iterator[Metric]:
        total, free = disk_bytes(self._settings, self._database)
        yield _gauge(
            "se3_disk_size_bytes", "The disk of SQLite's file; with PostgreSQL, of the spool.", total
        )
        yield _gauge("se3_disk_free_bytes", "What is free of it.", free)
        floor = self._settings.disk_floor_mb * 2**20
        yield _gauge(
            "se3_disk_floor_bytes", "With less free, the receiver is not ready: DISK_FLOOR_MB.", floor
        )

    def _of_installation(self) -> Iterator[Metric]:
        ready = not faults(self._settings, self._database)
        yield _gauge("se3_ready", "1 while nothing keeps a receiver from taking events.", ready)
        is_set_up = bool(self._settings.enos_broker_url or self._settings.enos_mapping)
        yield _gauge("se3_enos_set_up", "1 if events are to go to EnOS.", is_set_up)
        build = GaugeMetricFamily("se3_build_info", "Always 1.", labels=("version", "python"))
        build.add_metric((version("se3-receiver"), platform.python_version()), 1)
        yield build


def _of_database(database: Database) -> list[Metric]:
    with database.read() as connection:
        counts, now = quick_counts(connection), clock.now(connection)
        forwarders = as_of(channels.forwarders(connection), now)
        boxes = _seen_first(devices.boxes(connection))
        size = size_bytes(database, connection)
        removed = [((cause,), counters.value(connection, name)) for cause, name in _REMOVED]
        last_run = runs.latest(connection)
    return [
        *_of_deliveries(counts, now),
        *_of_receiver(counts),
        *_of_removal(removed, last_run),
        *_of_forwarders(forwarders),
        *_of_boxes(boxes, now),
        _gauge("se3_database_size_bytes", "What the database takes up.", size),
    ]


def _seen_first(boxes: Sequence[BoxStatus]) -> Sequence[BoxStatus]:
    """Those that were seen first, of too many: anybody can make up names, but not push real ones out."""
    return sorted(boxes, key=lambda box: (box.first_seen_at, box.key))[:_MOST_BOXES]


def _of_deliveries(counts: QuickCounts, now: datetime) -> Iterator[Metric]:
    states = counts.outbox.items()
    yield _gauges(
        "se3_deliveries", "Deliveries to EnOS, by state.", ("state",), [((s,), n) for s, n in states]
    )
    oldest = counts.oldest_waiting_at
    age = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    yield _gauge("se3_oldest_waiting_seconds", "How long ago the event came that waits longest.", age)
    yield _gauge("se3_events_stored", "Events in the database.", counts.events)


def _of_receiver(counts: QuickCounts) -> Iterator[Metric]:
    yield _counter("se3_replies_late", "Replies that came after more than 0.5 s.", counts.replies_late)
    yield _counter("se3_requests_turned_away", "Requests that got 503 unread.", counts.turned_away)
    yield _gauge("se3_quarantine_bodies", "Refused bodies that are kept.", counts.quarantine)
    yield _counter(
        "se3_quarantine_dropped", "Refused bodies deleted for want of room.", counts.quarantine_dropped
    )


def _of_spool(found: Spooled | None) -> Iterator[Metric]:
    yield _gauge("se3_spool_readable", "0 while the spool can't be read.", found is not None)
    if found is None:
        return
    yield _gauge("se3_spool_events", "Events that wait for PostgreSQL on this machine.", found.events)
    age = max(0.0, (datetime.now(UTC) - found.oldest_at).total_seconds()) if found.oldest_at else 0.0
    yield _gauge("se3_spool_oldest_seconds", "How long the oldest of them has waited.", age)


def _of_removal(removed: Iterable[tuple[tuple[str], int]], last_run: Run | None) -> Iterator[Metric]:
    family = CounterMetricFamily("se3_events_removed", "Events that were removed.", labels=("cause",))
    for labels, number in removed:
        family.add_metric(labels, number)
    yield family
    at = last_run.began_at.timestamp() if last_run else 0.0
    yield _gauge("se3_retention_last_run_timestamp_seconds", "When the retention's last run began.", at)


def _of_forwarders(forwarders: Sequence[Forwarder]) -> Iterator[Metric]:
    numbers = {(one.channel, state.value): 0 for one in forwarders for state in ForwarderState}
    for one in forwarders:
        numbers[one.channel, one.state.value] += 1
    yield _gauges(
        "se3_forwarders", "Forwarders, by channel and state.", ("channel", "state"), numbers.items()
    )


def _of_boxes(boxes: Sequence[BoxStatus], now: datetime) -> Iterator[Metric]:
    online = [((shown(box.key),), box.is_online(now)) for box in boxes]
    yield _gauges("se3_box_online", "1 while a box reports, and not that it is offline.", ("box",), online)
    reports = [((shown(box.key),), box.last_seen_at.timestamp()) for box in boxes]
    name = "se3_box_last_report_timestamp_seconds"
    yield _gauges(name, "When a box's last status report came.", ("box",), reports)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, float(value))


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(name, help_text, float(value))


def _gauges(
    name: str, help_text: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, float(value))
    return family

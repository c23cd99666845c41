"""All boxes that are known, by their status reports or by their events alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.devices import BoxState, BoxStatus, CameraStatus, cameras_listed
from app.domain.senders import ALL, Heard, Sender, SenderHour, owners

CLOCKS_AGREE = timedelta(seconds=5)
"""Two clocks agree that differ by less: an event is on its way for a while."""


@dataclass(slots=True)
class KnownBox:
    """A box with what it last reported, None if it reports no status, and who of the senders it is.

    `hours`: what came of it lately.
    """

    key: str
    status: BoxStatus | None = None
    cameras: list[CameraStatus] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    hours: list[SenderHour] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What people call it: its name, or else its key."""
        return (self.status and self.status.details.name) or self.key

    @property
    def addresses(self) -> list[str]:
        """Those that it reports, and others that its events came from."""
        reported = ((self.status and self.status.details.addresses) or "").split()
        return [*dict.fromkeys([*reported, *(one.sender.source_address for one in self.heard)])]

    @property
    def names(self) -> list[str]:
        """What its events are found by: licence codes, and the addresses they come from."""
        codes = [one.sender.dev_sno for one in self.heard if one.sender.dev_sno]
        return [*dict.fromkeys([*codes, *self.addresses])] or [self.key]

    @property
    def first_seen_at(self) -> datetime:
        """When it was first heard of."""
        return min(self._times("first_seen_at", "first_at"))

    @property
    def last_seen_at(self) -> datetime:
        """When its last report or event came."""
        return max(self._times("last_seen_at", "last_at"))

    @property
    def first_event_at(self) -> datetime | None:
        """When the first of its events came; None if none did in 31 days."""
        return min((one.first_at for one in self.heard), default=None)

    @property
    def last_event_at(self) -> datetime | None:
        """When its last event came; None if none did in 31 days."""
        return max((one.last_at for one in self.heard), default=None)

    @property
    def cameras_listed(self) -> Sequence[CameraStatus]:
        """The cameras that it has now, as it says."""
        return cameras_listed(self.cameras)

    @property
    def least_lag(self) -> timedelta | None:
        """That of the last of its hours; see `SenderHour`."""
        return least_lag(self.hours)

    def state(self, at: datetime) -> BoxState:
        """How it is, as far as its reports tell."""
        return self.status.state(at) if self.status else BoxState.UNREPORTED

    def cameras_online(self, at: datetime) -> int:
        """How many of its cameras are online."""
        return sum(camera.is_online(self.status, at) for camera in self.cameras) if self.status else 0

    def _times(self, of_reports: str, of_events: str) -> list[datetime]:
        reported = [getattr(self.status, of_reports)] if self.status else []
        return reported + [getattr(one, of_events) for one in self.heard]


def known_boxes(
    boxes: Sequence[BoxStatus],
    cameras: Iterable[CameraStatus],
    heard: Sequence[Heard],
    hours: Iterable[SenderHour] = (),
) -> list[KnownBox]:
    """Every box once, in the order of their keys."""
    found = {box.key: KnownBox(box.key, box) for box in boxes}
    keys = owners(boxes, [one.sender for one in heard])
    for one in heard:
        key = keys[one.sender]
        found.setdefault(key, KnownBox(key)).heard.append(one)
    for camera in cameras:
        found[camera.box_key].cameras.append(camera)
    for hour in hours:
        if hour.sender in keys:  # else there were more senders than are read
            found[keys[hour.sender]].hours.append(hour)
    return [found[key] for key in sorted(found)]


def events_by_hour(hours: Iterable[SenderHour]) -> dict[datetime, int]:
    """How many events came in each hour."""
    numbers: Counter[datetime] = Counter()
    for one in hours:
        if one.code == ALL:
            numbers[one.hour] += one.events
    return numbers


def warnings_by_code(hours: Iterable[SenderHour]) -> dict[str, int]:
    """How many events had each kind of warning, the most frequent first."""
    numbers: Counter[str] = Counter()
    for one in hours:
        if one.code != ALL:
            numbers[one.code] += one.events
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))


def least_lag(hours: Iterable[SenderHour]) -> timedelta | None:
    """That of the last hour in which something came: a clock may have been set right since the one before."""
    lags: dict[datetime, list[timedelta]] = defaultdict(list)
    for one in hours:
        if one.code == ALL:
            lags[one.hour].append(one.least_lag)
    return min(lags[max(lags)]) if lags else None


def senders_of(box: KnownBox) -> list[Sender]:
    """The senders that are this box."""
    return [one.sender for one in box.heard]

"""Boxes and cameras: what status reports say of them, and what follows from reports and from silence."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.events import Arrival

ABSENT = "absent"
OFFLINE = "offline"
SILENT_PERIODS = 3
SHORTEST_PERIOD_SECONDS = 1.0
LONGEST_PERIOD_SECONDS = 60.0
"""A box reports every 1 to 60 s (SE3 protocol, section 6)."""

MEASURED = frozenset(
    {"temperature", "cpu_usage", "memory_size", "memory_usage", "disk_size", "disk_free_size"}
)
"""The details of a box that vary by themselves: no change when they do, and stale when they are old."""


class BoxState(StrEnum):
    """How a box is. Silent: for three periods no report has come. Without reports nobody knows."""

    ONLINE = "online"
    SILENT = "silent"
    OFFLINE = "offline"
    UNREPORTED = "unreported"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxDetails:
    """What a report says of its box; None where it says nothing that can be read (SE3 protocol, section 6).

    `addresses` are separated by one space. `version` has several lines; `short_version` is the part of it
    that looks like V2R1C01. `temperature` is in °C, `cpu_usage` in percent, sizes in GB, and `memory_usage`
    is the used part, from 0 to 1.
    """

    dev_sno: str | None = None
    gateway_sn: str | None = None
    name: str | None = None
    addresses: str | None = None
    port: int | None = None
    mac: str | None = None
    status: str | None = None
    version: str | None = None
    short_version: str | None = None
    sdk_version: str | None = None
    temperature: float | None = None
    cpu_usage: float | None = None
    memory_size: float | None = None
    memory_usage: float | None = None
    disk_size: float | None = None
    disk_free_size: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraDetails:
    """What a report says of a camera; None where it says nothing that can be read."""

    name: str | None = None
    address: str | None = None
    status: str | None = None
    location: str | None = None
    type: str | None = None
    url: str | None = None


BOX_DETAILS = tuple(field.name for field in dataclasses.fields(BoxDetails))
CAMERA_DETAILS = tuple(field.name for field in dataclasses.fields(CameraDetails))


@dataclass(frozen=True, slots=True)
class CameraReport:
    """A camera as its box reports it; `document` is its part of the report."""

    key: str
    details: CameraDetails
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A box's report on itself and its cameras; `key` names the box for good.

    `cameras` is None where the report says nothing of any. `document` is the whole report.
    """

    key: str
    details: BoxDetails
    cameras: tuple[CameraReport, ...] | None
    document: dict[str, Any]
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """A camera as its box last reported it; its status is `absent` once a report no longer names it."""

    box_key: str
    key: str
    details: CameraDetails
    first_seen_at: datetime
    last_seen_at: datetime
    document: dict[str, Any]

    def is_online(self, box: "BoxStatus", at: datetime) -> bool:
        """Whether it was said to be online, by a box that is online itself."""
        return box.is_online(at) and _is("online", self.details.status)


@dataclass(frozen=True, slots=True)
class BoxStatus:
    """What is known of a box; `period_seconds` is None until its second report."""

    key: str
    details: BoxDetails
    first_seen_at: datetime
    last_seen_at: datetime
    period_seconds: float | None
    document: dict[str, Any]

    @property
    def silent_at(self) -> datetime:
        """When three periods have gone by without a report."""
        return self.last_seen_at + timedelta(
            seconds=SILENT_PERIODS * (self.period_seconds or LONGEST_PERIOD_SECONDS)
        )

    @property
    def says_offline(self) -> bool:
        """Whether its last report calls itself offline."""
        return _is(OFFLINE, self.details.status)

    def is_online(self, at: datetime) -> bool:
        """Whether it counts as online: it does not say otherwise, and was not silent for three periods."""
        return self.state(at) is BoxState.ONLINE

    def state(self, at: datetime) -> BoxState:
        """What it says of itself, or that it says nothing any more."""
        if self.says_offline:
            return BoxState.OFFLINE
        return BoxState.ONLINE if at <= self.silent_at else BoxState.SILENT

    def after(self, report: StatusReport) -> "BoxStatus":
        """What is known once a later report has come.

        What the report leaves out stays as it was said last, but for what is measured: that would be stale.
        """
        return dataclasses.replace(
            self,
            details=_completed(report.details, self.details),
            last_seen_at=report.arrival.received_at,
            period_seconds=self._period(report.arrival.received_at),
            document=report.document,
        )

    def _period(self, received_at: datetime) -> float | None:
        """The gap before the last report, but at least half of the period before.

        Some boxes send two reports right after each other: the gap between these is no period.
        """
        gap = (received_at - self.last_seen_at).total_seconds()
        if gap < SHORTEST_PERIOD_SECONDS:
            return self.period_seconds
        return min(max(gap, (self.period_seconds or 0) / 2), LONGEST_PERIOD_SECONDS)


def cameras_listed(cameras: Sequence[CameraStatus]) -> Sequence[CameraStatus]:
    """Those of a box's cameras that its last list names."""
    return [camera for camera in cameras if camera.details.status != ABSENT]


def first_status(report: StatusReport) -> BoxStatus:
    """What is known of a box after its first report."""
    received_at = report.arrival.received_at
    return BoxStatus(report.key, report.details, received_at, received_at, None, report.document)


def _completed(said: BoxDetails, before: BoxDetails) -> BoxDetails:
    missing = [name for name in BOX_DETAILS if name not in MEASURED and getattr(said, name) is None]
    return dataclasses.replace(said, **{name: getattr(before, name) for name in missing})


def _is(word: str, status: str | None) -> bool:
    return status is not None and status.casefold() == word

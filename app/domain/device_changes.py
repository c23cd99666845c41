"""What a status report changed: the history of boxes and cameras."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.devices import (
    ABSENT,
    BOX_DETAILS,
    CAMERA_DETAILS,
    MEASURED,
    OFFLINE,
    BoxDetails,
    BoxStatus,
    CameraDetails,
    StatusReport,
)

_BOX_FIELDS = tuple(name for name in BOX_DETAILS if name not in MEASURED | {"short_version"})

Difference = tuple[str, str | None, str | None]
"""A field's name, and its text before and after."""


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """A field that changed, of a camera or, where `camera_key` is None, of the box itself.

    `before` is None where the device is new, or had said nothing that could be read.
    """

    at: datetime
    box_key: str
    camera_key: str | None
    field: str
    before: str | None
    after: str | None


def box_changes(known: BoxStatus | None, now: BoxStatus) -> list[DeviceChange]:
    """What a report changed of its box, which is new where `known` is None.

    A box that was silent for more than three periods has been offline since they ended.
    """
    if known is None:
        return [DeviceChange(now.last_seen_at, now.key, None, "status", None, now.details.status)]
    before, changes = known.details, []
    if now.last_seen_at > known.silent_at and not known.says_offline:
        changes.append(DeviceChange(known.silent_at, now.key, None, "status", before.status, OFFLINE))
        before = dataclasses.replace(before, status=OFFLINE)
    found = _differences(before, now.details, _BOX_FIELDS)
    return changes + [DeviceChange(now.last_seen_at, now.key, None, *difference) for difference in found]


def camera_changes(known: Mapping[str, CameraDetails], report: StatusReport) -> list[DeviceChange]:
    """What a report that names cameras changed of them; `known` has those there were, by their keys."""
    found = {camera.key: camera.details for camera in report.cameras or ()}
    return [
        DeviceChange(report.arrival.received_at, report.key, key, *difference)
        for key in sorted(known.keys() | found.keys())
        for difference in _camera_differences(known.get(key), found.get(key))
    ]


def _camera_differences(known: CameraDetails | None, found: CameraDetails | None) -> Iterator[Difference]:
    if known and found:
        yield from _differences(known, found, CAMERA_DETAILS)
    elif found:
        yield "status", None, found.status
    elif known and known.status != ABSENT:
        yield "status", known.status, ABSENT


def _differences(
    before: BoxDetails | CameraDetails, now: BoxDetails | CameraDetails, names: Iterable[str]
) -> Iterator[Difference]:
    for name in names:
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield name, _text(old), _text(new)


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)

"""Boxes and cameras: brought up to date by each status report, with a history of what changed."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, select, update

from app.domain.device_changes import DeviceChange, box_changes, camera_changes
from app.domain.devices import (
    ABSENT,
    BOX_DETAILS,
    CAMERA_DETAILS,
    BoxDetails,
    BoxStatus,
    CameraDetails,
    CameraReport,
    CameraStatus,
    StatusReport,
    first_status,
)
from app.store.driver import Insert
from app.store.models import BoxRow, CameraRow, DeviceChangeRow
from app.store.statements import insert_missing

_MOST_CAMERAS = 1000  # of one box; a flood of ids must not hold up its other reports
_BOX_FIELDS = ("key", "first_seen_at", "last_seen_at", "period_seconds", "document")
_CAMERA_FIELDS = ("box_key", "key", "first_seen_at", "last_seen_at", "document")
_CHANGE_FIELDS = ("at", "box_key", "camera_key", "field", "before", "after")
_INSERT_CHANGES = Insert(DeviceChangeRow, _CHANGE_FIELDS)
_FRESH = ", ".join(f"{name} = excluded.{name}" for name in ("last_seen_at", "document", *CAMERA_DETAILS))
_UPSERT_CAMERAS = Insert(
    CameraRow, (*_CAMERA_FIELDS, *CAMERA_DETAILS), f"ON CONFLICT (box_key, key) DO UPDATE SET {_FRESH}"
)


def record(connection: Connection, reports: Sequence[StatusReport]) -> list[list[DeviceChange]]:
    """Bring boxes and cameras up to date; one that came later than this report is left alone.

    Returns what each report changed, in their order.
    """
    # In order, so that two transactions which record the same boxes can't wait for each other.
    order = sorted(range(len(reports)), key=lambda i: (reports[i].key, reports[i].arrival.received_at))
    changes = {index: _record_one(connection, reports[index]) for index in order}
    return [changes[index] for index in range(len(reports))]


def boxes(connection: Connection) -> list[BoxStatus]:
    """Every box, in the order of their keys."""
    rows = connection.execute(select(*BoxRow.__table__.columns).order_by(BoxRow.key))
    return [_box(row) for row in rows.mappings()]


def keys(connection: Connection, limit: int) -> list[str]:
    """What names each box, of so many at most: those seen first, so that made-up ones push none out."""
    order = (BoxRow.first_seen_at, BoxRow.key)
    return list(connection.scalars(select(BoxRow.key).order_by(*order).limit(limit)))


def boxes_after(connection: Connection, after: str | None, limit: int) -> list[BoxStatus]:
    """Some boxes in the order of their keys, only those behind this one if one is given."""
    query = select(*BoxRow.__table__.columns).order_by(BoxRow.key).limit(limit)
    rows = connection.execute(query if after is None else query.where(BoxRow.key > after))
    return [_box(row) for row in rows.mappings()]


def box(connection: Connection, key: str) -> BoxStatus | None:
    """One box, or None."""
    row = connection.execute(_box_query(key)).mappings().one_or_none()
    return None if row is None else _box(row)


def cameras(connection: Connection, box_key: str | None = None) -> list[CameraStatus]:
    """The cameras of a box, or of all, absent ones too, in the order of their keys."""
    query = select(*CameraRow.__table__.columns).order_by(CameraRow.box_key, CameraRow.key)
    if box_key is not None:
        query = query.where(CameraRow.box_key == box_key)
    return [_camera(row) for row in connection.execute(query).mappings()]


def cameras_of(connection: Connection, box_keys: Sequence[str]) -> dict[str, list[CameraStatus]]:
    """The cameras of each of these boxes, as above."""
    found: dict[str, list[CameraStatus]] = {key: [] for key in box_keys}
    query = select(*CameraRow.__table__.columns).order_by(CameraRow.box_key, CameraRow.key)
    for row in connection.execute(query.where(CameraRow.box_key.in_(box_keys))).mappings():
        found[row["box_key"]].append(_camera(row))
    return found


def changes(connection: Connection, box_key: str | None, limit: int) -> list[DeviceChange]:
    """The changes that were written last, newest first, of a box with its cameras or of all."""
    query = select(*(DeviceChangeRow.__table__.c[name] for name in _CHANGE_FIELDS))
    if box_key is not None:
        query = query.where(DeviceChangeRow.box_key == box_key)
    rows = connection.execute(query.order_by(DeviceChangeRow.id.desc()).limit(limit))
    return [DeviceChange(*row) for row in rows]


def forget(connection: Connection, box_key: str) -> bool:
    """Delete a box with its cameras and changes; returns whether there was one."""
    connection.execute(delete(DeviceChangeRow).where(DeviceChangeRow.box_key == box_key))
    connection.execute(delete(CameraRow).where(CameraRow.box_key == box_key))
    return connection.execute(delete(BoxRow).where(BoxRow.key == box_key)).rowcount > 0


def _record_one(connection: Connection, report: StatusReport) -> list[DeviceChange]:
    known = _insert_or_lock(connection, report)
    if known and report.arrival.received_at < known.last_seen_at <= datetime.now(UTC):
        return []  # it was overtaken; a later time than now is a clock's that was wrong
    now = known.after(report) if known else first_status(report)
    if known:
        connection.execute(update(BoxRow).where(BoxRow.key == now.key).values(_box_values(now)))
    found = box_changes(known, now) + _record_cameras(connection, report)
    if found:
        _INSERT_CHANGES.execute(connection, [_values(change, _CHANGE_FIELDS) for change in found])
    return found


def _insert_or_lock(connection: Connection, report: StatusReport) -> BoxStatus | None:
    """Insert the box of a first report; else lock it against other processes and give what is known."""
    query = _box_query(report.key).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        statement = insert_missing(connection, BoxRow).returning(BoxRow.key)
        if connection.scalar(statement.values(_box_values(first_status(report)))):
            return None
        row = connection.execute(query).mappings().one()  # another process was first
    return _box(row)


def _record_cameras(connection: Connection, report: StatusReport) -> list[DeviceChange]:
    if report.cameras is None:
        return []
    known = {camera.key: camera.details for camera in cameras(connection, report.key)}
    room = _MOST_CAMERAS - len(known)
    reported = {camera.key: camera for camera in report.cameras}.values()  # one may be named twice
    new = [camera for camera in reported if camera.key not in known][: max(0, room)]
    found = [camera for camera in reported if camera.key in known] + new
    gone = known.keys() - {camera.key for camera in found}
    _mark_absent(connection, report.key, [key for key in gone if known[key].status != ABSENT])
    _UPSERT_CAMERAS.execute(connection, [_camera_values(camera, report) for camera in found])
    return camera_changes(known, dataclasses.replace(report, cameras=tuple(found)))


def _mark_absent(connection: Connection, box_key: str, keys: Sequence[str]) -> None:
    theirs = (CameraRow.box_key == box_key) & CameraRow.key.in_(keys)
    if keys:
        connection.execute(update(CameraRow).where(theirs).values(status=ABSENT))


def _box_query(key: str) -> Select[Any]:
    return select(*BoxRow.__table__.columns).where(BoxRow.key == key)


def _box(row: RowMapping) -> BoxStatus:
    return BoxStatus(details=BoxDetails(**_of(row, BOX_DETAILS)), **_of(row, _BOX_FIELDS))


def _camera(row: RowMapping) -> CameraStatus:
    return CameraStatus(details=CameraDetails(**_of(row, CAMERA_DETAILS)), **_of(row, _CAMERA_FIELDS))


def _of(row: Mapping[Any, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _values(item: object, names: Sequence[str]) -> list[Any]:
    return [getattr(item, name) for name in names]


def _fields(item: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in names}


def _box_values(box: BoxStatus) -> dict[str, Any]:
    return _fields(box, _BOX_FIELDS) | _fields(box.details, BOX_DETAILS)


def _camera_values(camera: CameraReport, report: StatusReport) -> list[Any]:
    received_at = report.arrival.received_at
    details = _values(camera.details, CAMERA_DETAILS)
    return [report.key, camera.key, received_at, received_at, camera.document, *details]

"""How boxes, cameras and their changes are shown to people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from app.cli.opening import local_time, show_table
from app.domain.device_changes import DeviceChange
from app.domain.devices import BoxDetails, BoxState, BoxStatus, CameraStatus, cameras_listed
from app.domain.texts import measured, shown


def overview(box: BoxStatus, cameras: Sequence[CameraStatus], now: datetime) -> dict[str, Any]:
    """A box in short; of its cameras those count that its last list names."""
    details = box.details
    return {
        "key": box.key,
        "name": details.name,
        "addresses": details.addresses,
        "online": box.is_online(now),
        "state": box.state(now),
        "last_seen_at": box.last_seen_at,
        "version": details.short_version or details.version,
        "temperature": details.temperature,
        "disk_free_size": details.disk_free_size,
        "disk_size": details.disk_size,
        "cameras_online": sum(camera.is_online(box, now) for camera in cameras),
        "cameras_total": len(cameras_listed(cameras)),
    }


def show_overviews(overviews: Sequence[dict[str, Any]]) -> None:
    """Print a line for each box."""
    columns = ["key", "name", "addresses", "state", "last seen", "version", "°C", "disk free", "cameras"]
    show_table("boxes", columns, [_overview_row(values) for values in overviews])


def show_box(
    box: BoxStatus, cameras: Sequence[CameraStatus], changes: Sequence[DeviceChange], now: datetime
) -> None:
    """Print all that is known of a box, its cameras, and these changes."""
    for name, value in _known(box, now).items():
        if value:
            click.echo(f"{name:<14}{shown(value)}")
    click.echo()
    show_table(
        "cameras",
        ["camera", "name", "address", "last status", "location", "type", "last seen"],
        [_camera_row(camera) for camera in cameras],
    )
    click.echo()
    show_changes(changes)


def show_changes(changes: Sequence[DeviceChange]) -> None:
    """Print a line for each change."""
    columns = ["at", "box", "camera", "field", "before", "after"]
    show_table("changes", columns, [_change_row(change) for change in changes])


def _overview_row(values: dict[str, Any]) -> list[str]:
    return [
        shown(values["key"]),
        shown(values["name"] or ""),
        shown(values["addresses"] or ""),
        values["state"],
        local_time(values["last_seen_at"]),
        shown(values["version"] or ""),
        measured(values["temperature"]),
        _disk(values["disk_free_size"], values["disk_size"]),
        f"{values['cameras_online']}/{values['cameras_total']}",
    ]


def _known(box: BoxStatus, now: datetime) -> dict[str, str | None]:
    details = box.details
    return {
        "key": box.key,
        "state": _state(box, now),
        "name": details.name,
        "addresses": details.addresses,
        "port": measured(details.port),
        "mac": details.mac,
        "dev_sno": details.dev_sno,
        "gateway_sn": details.gateway_sn,
        "version": details.version,
        "sdk version": details.sdk_version,
        "temperature": measured(details.temperature, " °C"),
        "cpu used": measured(details.cpu_usage, " %"),
        "memory used": _memory(details),
        "disk free": _disk(details.disk_free_size, details.disk_size),
        "first seen": local_time(box.first_seen_at),
        "last seen": local_time(box.last_seen_at),
        "reports every": measured(box.period_seconds, " s"),
    }


def _state(box: BoxStatus, now: datetime) -> str:
    words = {
        BoxState.OFFLINE: "offline, as it says itself",
        BoxState.SILENT: f"silent since {local_time(box.silent_at)}",
    }
    state = box.state(now)
    return words.get(state, state)


def _memory(details: BoxDetails) -> str:
    used = "" if details.memory_usage is None else f"{details.memory_usage:.0%}"
    return " of ".join(filter(None, [used, measured(details.memory_size, " GB")]))


def _disk(free: float | None, size: float | None) -> str:
    return " of ".join(filter(None, [measured(free, " GB"), measured(size, " GB")]))


def _camera_row(camera: CameraStatus) -> list[str]:
    details = camera.details
    texts = (camera.key, details.name, details.address, details.status, details.location, details.type)
    return [*(shown(text or "") for text in texts), local_time(camera.last_seen_at)]


def _change_row(change: DeviceChange) -> list[str]:
    texts = (change.box_key, change.camera_key, change.field, change.before, change.after)
    return [local_time(change.at), *(shown(text or "") for text in texts)]

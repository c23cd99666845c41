"""The paths that boxes in the field may already be set to, and a site's own (SE3 protocol, section 1)."""

from itertools import combinations
from typing import Final, Literal

from app.config import Settings
from app.domain.events import Kind
from app.errors import SettingsError

STATUS: Final = "status"
Report = Kind | Literal["status"]
"""What a body holds: events of a kind, or a status report."""

HISTORY_PATHS = (
    "/HistoryEvent",
    "/EventServer/api/HistoryEvent",
    "/EventServer/api/SophonFogHistoryEvent",
)
REALTIME_PATHS = (
    "/RealTimeEvent",
    "/EventServer/api/RealTimeEvent",
    "/EventServer/api/SophonFogRelEvent",
)
STATUS_PATHS = (
    "/DeviceStatus",
    "/SophonFogStatus",
    "/EventServer/api/DeviceStatus",
    "/EventServer/api/SophonFogStatus",
    "/MonitorServer/api/SophonFogStatus",
)
KNOWN_PATHS = frozenset(HISTORY_PATHS + REALTIME_PATHS + STATUS_PATHS)


def paths_of(settings: Settings) -> dict[Report, tuple[str, ...]]:
    """Every path, once, by what it takes.

    Raises:
        SettingsError: a path is set to take one thing and takes another anyway.
    """
    paths: dict[Report, tuple[str, ...]] = {
        Kind.HISTORY: tuple(dict.fromkeys(HISTORY_PATHS + settings.history_paths)),
        Kind.REALTIME: tuple(dict.fromkeys(REALTIME_PATHS + settings.realtime_paths)),
        STATUS: tuple(dict.fromkeys(STATUS_PATHS + settings.status_paths)),
    }
    for (one, its), (other, others) in combinations(paths.items(), 2):
        if twice := sorted(set(its) & set(others)):
            raise SettingsError(
                f"{', '.join(twice)} can't take both {one} and {other}: see HISTORY_PATHS and the like"
            )
    return paths


def report_of(path: str, settings: Settings) -> Report | None:
    """What this path takes; None if nothing."""
    return next((report for report, paths in paths_of(settings).items() if path in paths), None)

"""Which path takes what: those that are built in, and a site's own."""

from typing import Final, Literal

from app.built_in_paths import HISTORY_PATHS, REALTIME_PATHS, STATUS_PATHS
from app.config import Settings
from app.domain.events import Kind

STATUS: Final = "status"
Report = Kind | Literal["status"]
"""What a body holds: events of a kind, or a status report."""

KNOWN_PATHS = frozenset(HISTORY_PATHS + REALTIME_PATHS + STATUS_PATHS)


def paths_of(settings: Settings) -> dict[Report, tuple[str, ...]]:
    """Every path, once, by what it takes."""
    return {
        Kind.HISTORY: tuple(dict.fromkeys(HISTORY_PATHS + settings.history_paths)),
        Kind.REALTIME: tuple(dict.fromkeys(REALTIME_PATHS + settings.realtime_paths)),
        STATUS: tuple(dict.fromkeys(STATUS_PATHS + settings.status_paths)),
    }


def report_of(path: str, settings: Settings) -> Report | None:
    """What this path takes; None if nothing."""
    return next((report for report, paths in paths_of(settings).items() if path in paths), None)


def loggable(route: str) -> str:
    """A path that everybody knows, or a box's address; any other may hold a secret, for want of a header."""
    return route if route in KNOWN_PATHS or route.startswith(("ws://", "wss://")) else "another"

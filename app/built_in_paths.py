"""The paths that boxes in the field may already be set to (SE3 protocol, section 1)."""

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

"""What an event becomes in EnOS."""

from enum import StrEnum


class Mode(StrEnum):
    """An event of the thing model, or measure points: EnOS 3.0 dropped events (EnOS protocol, section 2)."""

    EVENT = "event"
    MEASUREPOINT = "measurepoint"

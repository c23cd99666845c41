"""What a forwarder says of itself, and how others judge it by its heartbeat."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

_DEAD_AFTER = timedelta(seconds=10)  # a living one beats every two


class ForwarderState(StrEnum):
    """healthy: connected to EnOS. disconnected: holds the channel and can't connect, or waits to.

    paused: EnOS shut the channel out. standby: another forwarder holds the channel. dead: no heartbeat.
    """

    HEALTHY = "healthy"
    DISCONNECTED = "disconnected"
    PAUSED = "paused"
    STANDBY = "standby"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Forwarder:
    """A forwarder process at work on one channel. `reason` says why it is disconnected or paused."""

    id: UUID
    channel: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    state: ForwarderState
    reason: str | None


def state_now(forwarder: Forwarder, now: datetime) -> ForwarderState:
    """The state it reported, or dead if its heartbeat is too old; `now` is by the database's clock."""
    is_dead = now - forwarder.heartbeat_at > _DEAD_AFTER
    return ForwarderState.DEAD if is_dead else forwarder.state

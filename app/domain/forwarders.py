"""What a forwarder says of itself, and how others judge it by its heartbeat."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

DEAD_AFTER = timedelta(seconds=10)  # a living one beats every two


class ForwarderState(StrEnum):
    """healthy: connected to EnOS. failing: connected, but EnOS answers with faults, or not at all.

    disconnected: holds the channel and can't connect, or waits to. paused: EnOS shut the channel out.
    standby: another forwarder holds the channel. dead: no heartbeat.
    """

    HEALTHY = "healthy"
    FAILING = "failing"
    DISCONNECTED = "disconnected"
    PAUSED = "paused"
    STANDBY = "standby"
    DEAD = "dead"


CONNECTED = frozenset({ForwarderState.HEALTHY, ForwarderState.FAILING})
"""The states in which another login at EnOS pushes a forwarder out."""

WELL = frozenset({ForwarderState.HEALTHY, ForwarderState.STANDBY})
"""The states in which nobody need look at a forwarder."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """A forwarder process at work on one channel.

    `reason` says why it is failing, disconnected or paused; `state_since`, when it got into its state.
    """

    id: UUID
    channel: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    state: ForwarderState
    reason: str | None
    state_since: datetime


def as_of(forwarders: Sequence[Forwarder], now: datetime) -> list[Forwarder]:
    """Forwarders with the state that they are in by `now`, by the database's clock.

    One whose heartbeat is too old is dead. Of the dead ones of a channel the last is left, and none if
    another one lives: that has its work.
    """
    alive = [found for found in forwarders if now - found.heartbeat_at <= DEAD_AFTER]
    dead = sorted((found for found in forwarders if found not in alive), key=lambda found: found.heartbeat_at)
    last_dead = {found.channel: _dead(found) for found in dead}
    missed = last_dead.keys() - {found.channel for found in alive}
    return alive + [last_dead[channel] for channel in sorted(missed)]


def _dead(forwarder: Forwarder) -> Forwarder:
    return replace(forwarder, state=ForwarderState.DEAD, state_since=forwarder.heartbeat_at)

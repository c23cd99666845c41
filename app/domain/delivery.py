"""How a delivery to EnOS moves on: states, what each reply means, and when to try again."""

import random
from datetime import timedelta
from enum import StrEnum

FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0

SLOW_AFTER = timedelta(minutes=2)
"""Where an event waits longer, a person should look: a retry or two take less."""


class DeliveryState(StrEnum):
    """The states of an outbox row: pending, claimed, then delivered, or pending again, or parked.

    Skipped rows are those that ENOS_EVENTS keeps from EnOS, dropped ones those that a person gave up.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    DELIVERED = "delivered"
    PARKED = "parked"
    SKIPPED = "skipped"
    DROPPED = "dropped"


class Decision(StrEnum):
    """What becomes of a message after its reply."""

    DELIVERED = "delivered"
    RETRY = "retry"
    PARK = "park"
    PAUSE = "pause"


def retry_delay(attempts: int, rng: random.Random) -> float:
    """Seconds to wait after `attempts` failures (1 or more): exponential, capped, with full jitter."""
    ceiling = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 16))
    return rng.uniform(0, ceiling)

"""How a delivery to EnOS moves on: states, what each reply means, and when to try again."""

import random
from enum import StrEnum

FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0


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

"""Identifiers that sort by the time they were made."""

import random
import time
from datetime import UTC, datetime
from uuid import UUID


def made_at(made: UUID) -> datetime:
    """When a version 7 UUID was made, to the millisecond."""
    return datetime.fromtimestamp(made_at_ms(made) / 1000, UTC)


def made_at_ms(made: UUID) -> int:
    """The same in milliseconds since 1970."""
    return made.int >> 80


def least_id_at(instant: datetime) -> UUID:
    """The least id that may be made at an instant: ids begin with milliseconds."""
    return UUID(int=max(0, int(instant.timestamp() * 1000)) << 80)


def new_id() -> UUID:
    """Make a version 7 UUID (RFC 9562, section 5.7): 48 bits of milliseconds, then randomness."""
    milliseconds = time.time_ns() // 1_000_000
    rand_a, rand_b = divmod(random.getrandbits(74), 2**62)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)

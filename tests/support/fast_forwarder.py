"""`se3 forward` with shorter periods and smaller messages: python -m tests.support.fast_forwarder."""

import sys

from app.cli.main import main
from app.forwarder import flights, lease, pacing, relay

SCALE = 0.02
CLAIMED_AT_ONCE = 100
MOST_FLIGHTS = 4


def hurry() -> None:
    """Shorten the periods between connects by SCALE, and those of leases and replies; make messages small."""
    for name in ("AFTER_FAILURE_SECONDS", "JITTER_SECONDS", "SPACING_SECONDS", "WINDOW_SECONDS"):
        setattr(pacing, name, getattr(pacing, name) * SCALE)
    lease.LEASE_SECONDS, lease.BEAT_SECONDS = 2.0, 0.4
    flights.REPLY_SECONDS, flights.MOST_FLIGHTS = 3.0, MOST_FLIGHTS
    relay.CLAIMED_AT_ONCE = CLAIMED_AT_ONCE


if __name__ == "__main__":
    hurry()
    sys.argv[1:] = ["forward"]
    main()

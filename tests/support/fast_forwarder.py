"""`se3 forward` with shorter periods and smaller messages: python -m tests.support.fast_forwarder."""

import sys

from app.cli.main import main
from app.durability import hurried_forwarder
from app.durability.hurried_forwarder import SCALE as SCALE  # tests find it here, beside the others
from app.forwarder import flights, relay

CLAIMED_AT_ONCE = 100
MOST_FLIGHTS = 4


def hurry() -> None:
    """Shorten the periods of connects, leases and replies; make messages small."""
    hurried_forwarder.hurry()
    flights.MOST_FLIGHTS = MOST_FLIGHTS
    relay.CLAIMED_AT_ONCE = CLAIMED_AT_ONCE


if __name__ == "__main__":
    hurry()
    sys.argv[1:] = ["forward"]
    main()

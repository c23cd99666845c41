"""`se3 forward` with shorter periods: python -m tests.support.fast_forwarder SCALE."""

import sys

from app.cli.main import main
from app.forwarder import flights, lease, pacing


def scale_periods(scale: float) -> None:
    """Multiply the periods between connects; wait a shorter time for leases and replies."""
    for name in ("AFTER_FAILURE_SECONDS", "JITTER_SECONDS", "SPACING_SECONDS", "WINDOW_SECONDS"):
        setattr(pacing, name, getattr(pacing, name) * scale)
    lease.LEASE_SECONDS, lease.BEAT_SECONDS = 2.0, 0.4
    flights.REPLY_SECONDS = 3.0


if __name__ == "__main__":
    scale_periods(float(sys.argv[1]))
    sys.argv[1:] = ["forward"]
    main()

"""The forwarder with shorter periods: python -m app.durability.hurried_forwarder.

EnOS takes 4 connects in two minutes, and a forwarder keeps to that; it would wait for most of the time
here. The scratch instance's EnOS has its periods shortened alike.
"""

import threading

from app.config import load_settings
from app.forwarder import flights, lease, pacing
from app.forwarder.forwarding import forward
from app.telemetry.logs import configure_logging

SCALE = 0.02


def hurry() -> None:
    """Shorten the periods between connects by SCALE, and those of leases and replies."""
    for name in ("AFTER_FAILURE_SECONDS", "JITTER_SECONDS", "SPACING_SECONDS", "WINDOW_SECONDS"):
        setattr(pacing, name, getattr(pacing, name) * SCALE)
    lease.LEASE_SECONDS, lease.BEAT_SECONDS = 2.0, 0.4
    flights.REPLY_SECONDS = 3.0


def main() -> None:
    """Relay until killed."""
    settings = load_settings()
    configure_logging(settings.log_format)
    hurry()
    forward(settings, threading.Event())


if __name__ == "__main__":
    main()

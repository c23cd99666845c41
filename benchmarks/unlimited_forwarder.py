"""`se3 forward` without EnOS's limit on bytes: `python -m benchmarks.unlimited_forwarder WINDOW`.

WINDOW: how many messages may be on their way at once.
"""

import sys

from app.cli.main import main
from app.forwarder import byte_rate, flights

if __name__ == "__main__":
    byte_rate.WINDOW_SECONDS = 0.0  # what was sent counts no longer; nor does what one before may have sent
    flights.MOST_FLIGHTS = int(sys.argv[1])
    sys.argv[1:] = ["forward"]
    main()

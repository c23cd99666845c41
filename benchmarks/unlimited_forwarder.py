"""`se3 forward` without EnOS's limit on bytes: `python -m benchmarks.unlimited_forwarder WINDOW`.

WINDOW: how many messages may be on their way at once.
"""

import sys

from app.cli.main import main
from app.forwarder import byte_rate, flights

if __name__ == "__main__":
    byte_rate.MOST_BYTES = 10**12
    flights.MOST_FLIGHTS = int(sys.argv[1])
    sys.argv[1:] = ["forward"]
    main()

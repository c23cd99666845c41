"""The simulated EnOS as a process: python -m app.durability.hub BROKER_URL PORT NOTES.

It notes what it accepts in a file before it answers, so that a SIGKILL between the two forgets nothing.
"""

import signal
import sys
from collections import Counter
from pathlib import Path

from app.durability.hurried_forwarder import SCALE
from app.simulators.enos.checks import Verdict
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.strict_hub import StrictHub

PRODUCT, SECRET = "verify", "verify"


class NotingHub(StrictHub):
    """A hub that writes the time of each event that it accepts to a file, a line each."""

    def __init__(self, broker_url: str, port: int, notes: Path) -> None:
        """Clients connect to `port` of the loopback address; `notes` is appended to."""
        rules = Rules({PRODUCT: SECRET}, time_scale=SCALE)
        super().__init__(broker_url, rules, address=("127.0.0.1", port), keep=0)
        self._notes = notes.open("a", buffering=1)

    def _settle(self, topic: str, reply_topic: str, verdict: Verdict) -> None:
        self._notes.write("".join(f"{element['time']}\n" for element in verdict.params))
        super()._settle(topic, reply_topic, verdict)


def noted(notes: Path) -> Counter[str]:
    """How often each event was accepted, by its time as it was sent."""
    return Counter(notes.read_text().split()) if notes.exists() else Counter()


def main() -> None:
    """Play EnOS until killed."""
    broker_url, port, notes = sys.argv[1:]
    with NotingHub(broker_url, int(port), Path(notes)):
        signal.pause()


if __name__ == "__main__":
    main()

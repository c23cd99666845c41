"""EnOS's side of a drain that measures the forwarder alone: it answers every message with 200 unchecked.

`python -m benchmarks.quick_hub BROKER_URL` runs it until it is ended.
"""

import signal
import sys

import orjson

from app.simulators.enos.link import Link


class QuickHub:
    """Answers on any broker; it only reads the id."""

    def __init__(self, broker_url: str) -> None:
        """`broker_url`: mqtt://host:port."""
        self._link = Link(broker_url, self._answer)

    def run(self) -> None:
        """Answer until SIGTERM."""
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        self._link.start()
        print("ready", flush=True)
        signal.sigwait([signal.SIGTERM])
        self._link.stop()

    def _answer(self, topic: str, payload: bytes) -> None:
        message_id = orjson.loads(payload)["id"]
        self._link.publish(f"{topic}_reply", orjson.dumps({"id": message_id, "code": 200, "data": ""}))


if __name__ == "__main__":
    QuickHub(sys.argv[1]).run()

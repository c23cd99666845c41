"""A real MQTT broker."""

import os
from pathlib import Path

from tests.support.parts import find_mosquitto
from tests.support.ports import answers, free_port
from tests.support.programs import Program

_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
set_tcp_nodelay true
"""


class Mosquitto:
    """A broker on a port of its own that a test can take away and give back."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        """`folder`: for its configuration and its log; `extra`: more lines of the former, such as listeners.

        It does not run before `start`.
        """
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.log_path = folder / "mosquitto.log"
        self._program: Program | None = None
        self._args: list[str | Path] = [find_mosquitto(), "-v", "-c", folder / "mosquitto.conf"]
        # As another user, which root's broker becomes unless told not to, it could not read the folder.
        user = "user root\n" if os.geteuid() == 0 else ""
        (folder / "mosquitto.conf").write_text(_CONFIG.format(port=self.port) + user + extra)

    def start(self) -> None:
        """Start it, and wait until it answers; nothing if it runs."""
        if self._program is None:
            self._program = Program(self._args, self.log_path)
            self._program.wait_until(lambda: answers(self.port))

    def stop(self) -> None:
        """End it, and with it every connection and every message it held; nothing if it has ended."""
        if self._program is not None:
            self._program.stop()
            self._program = None

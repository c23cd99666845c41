"""The MQTT broker behind the simulated EnOS: mosquitto where it is installed, else the one of the demo."""

import os
import shutil
import signal
import sys
from pathlib import Path

from app.simulators.broker import EmbeddedBroker

_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # not on the PATH of an ordinary user
_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
"""


def broker_command(port: int, folder: Path) -> list[str]:
    """The program that serves MQTT on `port`; its configuration, where it needs one, goes to `folder`."""
    mosquitto = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_FOLDERS}")
    if mosquitto is None:
        return [sys.executable, "-m", "app.durability.broker", str(port)]
    file = folder / "mosquitto.conf"
    # As another user, which root's broker becomes unless told not to, it could not read the folder.
    user = "user root\n" if os.geteuid() == 0 else ""
    file.write_text(_CONFIG.format(port=port) + user)
    return [mosquitto, "-c", str(file)]


def main() -> None:
    """Serve until killed."""
    with EmbeddedBroker(int(sys.argv[1])):
        signal.pause()


if __name__ == "__main__":
    main()

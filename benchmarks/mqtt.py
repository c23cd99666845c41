"""Starts the forwarder and what it needs: a broker, and an EnOS that answers at once."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.connection import HOST
from benchmarks.missing import Missing
from benchmarks.processes import await_port, running, settings
from tests.support.ports import free_port

AS_SHIPPED = ("app.cli.main", "forward")
_CONFIG = """\
listener {port} {host}
allow_anonymous true
persistence false
set_tcp_nodelay true
"""


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run mosquitto; gives its URL.

    Raises:
        Missing: there is none.
    """
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        raise Missing("mosquitto is not installed; on Debian: sudo apt-get install mosquitto")
    port, config = free_port(), folder / "mosquitto.conf"
    user = "user root\n" if os.geteuid() == 0 else ""  # else root's broker would become another user
    config.write_text(_CONFIG.format(port=port, host=HOST) + user)
    with running([program, "-c", config], settings(), folder / "mosquitto.log"):
        await_port(port)
        yield f"mqtt://{HOST}:{port}"


@contextmanager
def forwarder(
    folder: Path, database_url: str, broker_url: str, module: Sequence[str] = AS_SHIPPED
) -> Iterator[None]:
    """Run a forwarder on a database that is migrated; `module`: its Python module and arguments."""
    environment = settings(
        DATABASE_URL=database_url,
        ENOS_BROKER_URL=broker_url,
        ENOS_PRODUCT_KEY="benchProduct",
        ENOS_PRODUCT_SECRET="benchSecret",
    )
    with running([sys.executable, "-m", *module], environment, folder / "forwarder.log"):
        yield

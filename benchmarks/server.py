"""A server that runs, as the measuring sees it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """`port` on the loopback address; `pid` of its first process; `stored` counts the events it has kept."""

    name: str
    port: int
    pid: int
    stored: Callable[[], int] | None = None

"""How much memory processes took."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Peak:
    """The most memory that a process ever had (VmHWM), in MB of 2**20 bytes, and its command line."""

    command: str
    megabytes: float


def peaks(pid: int) -> Iterator[Peak]:
    """Of a process and all its descendants, each before its children."""
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    command = (process / "cmdline").read_text().replace("\0", " ").strip()
    yield Peak(command, int(status["VmHWM"].split()[0]) / 1024)
    for thread in (process / "task").iterdir():  # any thread may have started a child
        for child in (thread / "children").read_text().split():
            yield from peaks(int(child))

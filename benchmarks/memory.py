"""How much memory, and time of the processors, processes take."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has resident now (VmRSS), and had at most (VmHWM), in MB of 2**20 bytes.

    `seconds`: the processors' time that it has used so far.
    """

    command: str
    megabytes: float
    most_megabytes: float
    seconds: float


def usages(pid: int) -> Iterator[Usage]:
    """Of a process and all its descendants, each before its children."""
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    command = (process / "cmdline").read_text().replace("\0", " ").strip()
    resident, most = (int(status[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    yield Usage(command, resident, most, _seconds(process))
    for thread in (process / "task").iterdir():  # any thread may have started a child
        for child in (thread / "children").read_text().split():
            yield from usages(int(child))


def _seconds(process: Path) -> float:
    """utime and stime, fields 14 and 15 of stat; the second, the command, may hold blanks."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def role(command: str) -> str:
    """What a process of the receiver's does, in a word."""
    return "gunicorn" if "gunicorn" in command else command.rpartition(" ")[2]

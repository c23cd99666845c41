"""What the figures were measured on, without naming it."""

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

_SYNCS = 50
_SYNC_BYTES = 100_000  # about what one event takes in the database


def describe(folder: Path) -> str:
    """One line: processor, memory, Python, kernel, and how fast the disk under `folder` takes a sync."""
    parts = (
        f"{len(os.sched_getaffinity(0))} cores ({_first('/proc/cpuinfo', 'model name')})",
        f"{_memory_gib():.0f} GiB memory",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"writing {_SYNC_BYTES // 1000} KB to disk with fsync takes {_sync_seconds(folder) * 1000:.1f} ms",
    )
    return ", ".join(parts)


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _first(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, platform.machine())


def _sync_seconds(folder: Path) -> float:
    with tempfile.TemporaryFile(dir=folder) as file:
        return statistics.median(_write_and_sync(file.fileno()) for _ in range(_SYNCS))


def _write_and_sync(descriptor: int) -> float:
    content = os.urandom(_SYNC_BYTES)
    started = time.perf_counter()
    os.write(descriptor, content)
    os.fsync(descriptor)
    return time.perf_counter() - started

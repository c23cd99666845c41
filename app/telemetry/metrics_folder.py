"""The folder in which processes keep their figures for each other."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from app.telemetry.metrics import FOLDER

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_PREFIX = "se3-metrics-"  # then the process id of whose folder it is
_PAST = "past"  # where others have their process id


@contextmanager
def metrics_folder() -> Iterator[dict[str, str]]:
    """An empty folder for the processes that are started meanwhile; gives what to add to their environment.

    It is in memory where there is such a place: a process that writes to a mapped file of a disk waits where
    the disk is busy, and is killed where it is full. A folder that is set already is emptied and used.
    """
    if given := os.environ.get(FOLDER):
        for file in Path(given).glob("*.db"):
            file.unlink()
        yield {FOLDER: given}
        return
    place = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_left_behind(place)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=place) as folder:
        yield {FOLDER: folder}


def _remove_left_behind(place: Path) -> None:
    """Remove folders of this user's processes that were killed before they could."""
    for folder in place.glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _is_alive(int(owner)) and folder.lstat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def settled(folder: Path) -> Iterator[None]:
    """Put away what processes left that have ended, and have nobody else do so until the end of the block.

    How many requests wait there is forgotten; what they counted is added up in one file for all of them, for
    a counter must not go down, and workers may end often.
    """
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in folder.glob("*.db"):
            kind, _, owner = file.stem.rpartition("_")
            if owner.isdigit() and not _is_alive(int(owner)):
                if not kind.startswith("gauge") and file.stat().st_size:
                    _add(file, file.with_name(f"{kind}_{_PAST}.db"))
                file.unlink()
        yield


def runs_here(folder: Path, process: str) -> bool:
    """Whether a process that does this runs on this machine, and keeps its figures in the folder.

    `process` is what it gave to `app.telemetry.metrics.runs`.
    """
    with settled(folder):
        gauges = MultiProcessCollector.merge([str(file) for file in folder.glob("gauge_livesum_*.db")])
    samples = (one for metric in gauges if metric.name == "se3_processes" for one in metric.samples)
    return any(one.value and one.labels == {"process": process} for one in samples)


def _add(file: Path, past: Path) -> None:
    figures = MmapedDict(str(past))
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):
        figures.write_value(key, figures.read_value(key)[0] + value, 0.0)
    figures.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True

"""Small disks that a test can fill, and that can fail."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.parts import missing
from tests.support.waiting import wait_until

_BLOCK_BYTES = 4096


def fill(folder: Path) -> Path:
    """Leave not a block free on the disk of this folder; returns the file that takes the room."""
    with (filler := folder / "filler").open("ab", buffering=0) as opened, suppress(OSError):
        while opened.write(bytes(_BLOCK_BYTES)):
            pass
    return filler


@contextmanager
def memory_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a small disk in memory for the block."""
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"):
        yield


def make_image(file: Path, megabytes: int) -> None:
    """Make a file that can be mounted as a disk."""
    with file.open("wb") as image:
        image.truncate(megabytes * 2**20)
    if not (program := shutil.which("mkfs.ext4", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")):
        missing("mkfs.ext4 is not installed; on Debian: sudo apt-get install e2fsprogs")
    _run(program, "-q", str(file))


@contextmanager
def image_disk(image: Path, folder: Path) -> Iterator[None]:
    """Mount an image for the block; it is repaired before, as at the start of a machine."""
    subprocess.run(["e2fsck", "-fy", str(image)], check=False, capture_output=True, timeout=30)
    with _mounted(folder, "-o", "loop", str(image)):
        yield


def fail(folder: Path) -> None:
    """Have a mounted image behave as a disk that gave errors: nothing is written to it any more."""
    _run("mount", "-o", "remount,abort", str(folder))


@contextmanager
def _mounted(folder: Path, *what: str) -> Iterator[None]:
    """Where mounting is not allowed the test is skipped, or fails where CI=true."""
    folder.mkdir(exist_ok=True)
    try:
        _run("mount", *what, str(folder))
    except (OSError, subprocess.CalledProcessError):
        missing("this user may not mount a disk here")
    try:
        yield
    except BaseException:
        _run("umount", "--lazy", str(folder))  # a program may still use it
        raise
    wait_until(
        lambda: subprocess.run(["umount", str(folder)], check=False, capture_output=True).returncode == 0
    )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)

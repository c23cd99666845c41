"""Runs wrk, which posts as fast as a server replies and takes little of the processors itself."""

import itertools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.bodies import Template
from benchmarks.connection import HOST
from benchmarks.figures import Figures
from benchmarks.missing import Missing

CONNECTIONS = 8
NUMBERS_A_RUN = 10_000_000
"""How far apart the first events of two runs are: no run posts so many."""

_SCRIPT = Path(__file__).with_name("post.lua")
_PATIENCE_SECONDS = 30.0


class Wrk:
    """Posts events that no run of this object has posted before, in any encoding."""

    def __init__(self, folder: Path) -> None:
        """`folder`: for the files that the script reads.

        Raises:
            Missing: there is no wrk.
        """
        if shutil.which("wrk") is None:
            raise Missing("wrk is not installed; on Debian: sudo apt-get install wrk")
        self._folder = folder
        self._firsts = itertools.count(NUMBERS_A_RUN, NUMBERS_A_RUN)

    def post(self, port: int, encoding: str, seconds: float) -> Figures:
        """Post for so long over CONNECTIONS connections, each again as soon as it has its reply.

        Raises:
            RuntimeError: wrk failed.
        """
        first, url = next(self._firsts), f"http://{HOST}:{port}"
        options = ["--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds:.0f}"]
        arguments = [url, "--", str(self._files(encoding)), str(first)]
        command = ["wrk", *options, "--script", str(_SCRIPT), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds + _PATIENCE_SECONDS)
        if ended.returncode:
            raise RuntimeError(f"wrk failed: {ended.stdout}{ended.stderr}")
        return parse(ended.stdout)

    def _files(self, encoding: str) -> Path:
        files = self._folder / f"wrk-{encoding}"
        if not files.exists():
            files.mkdir()
            Template(encoding).write(files)
        return files


def parse(output: str) -> Figures:
    """Read the line that post.lua prints at the end."""
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    events = found["replies"] - found["refusals"]
    return Figures(
        events=events,
        rate=events / found["seconds"],
        p50=found["p50_us"] / 1000,
        p99=found["p99_us"] / 1000,
        p999=found["p999_us"] / 1000,
        most=found["max_us"] / 1000,
        slow=found["slow"],
        errors=found["refusals"] + found["failures"],
    )

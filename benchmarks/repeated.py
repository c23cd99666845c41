"""A command that runs again and again while something else is measured."""

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from app.config import ROOT

_LOOK_SECONDS = 0.1
_STOP_SECONDS = 25.0


class Repeated:
    """Runs while its `with` block lasts; `ends` counts how often it came to its end meanwhile."""

    def __init__(
        self, command: Callable[[], Sequence[str]], environment: Mapping[str, str], log: Path
    ) -> None:
        """`command` gives the arguments, anew each time; it prints into `log`."""
        self.ends = 0
        self._command = command
        self._environment = environment
        self._log = log
        self._fault = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._repeat)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it.

        Raises:
            RuntimeError: it failed.
        """
        self._over.set()
        self._thread.join()
        if self._fault and error is None:
            raise RuntimeError(self._fault)

    def _repeat(self) -> None:
        try:
            while not self._over.is_set():
                self._run()
        except (OSError, subprocess.SubprocessError) as error:
            self._fault = f"{error}: {self._log.read_text()[-500:]}"

    def _run(self) -> None:
        with (
            self._log.open("wb") as output,
            subprocess.Popen(
                self._command(), cwd=ROOT, env=self._environment, stdout=output, stderr=output
            ) as process,
        ):
            while process.poll() is None:
                if self._over.wait(_LOOK_SECONDS):
                    _end(process)
                    return
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        self.ends += 1


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()

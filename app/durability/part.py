"""A process of the scratch instance, which is killed and started again."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.config import ROOT
from app.durability import family

_RETRY_SECONDS = 0.3  # its port may not be free yet, or what it needs not be there
_LOOK_SECONDS = 0.05


class Part:
    """Runs a program, and starts it again whenever it has ended, until `end`."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        **options: Any,
    ) -> None:
        """Start it. What it prints goes to `log`; `options`: more for subprocess, such as another user."""
        self._arguments, self._environment, self._log, self._options = arguments, environment, log, options
        self._ended = threading.Event()
        self._process = self._start()
        self._survivors: dict[int, str] = {}
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    @property
    def pid(self) -> int:
        """Of the process that runs, or ran last."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it runs now."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL it, and not what it has started."""
        self._survivors |= {pid: family.command(pid) for pid in family.descendants(self.pid)}
        self._process.kill()

    def end(self) -> None:
        """End it and all that it has started, for good."""
        self._ended.set()
        self._keeper.join()
        self.kill()
        self._process.wait()
        family.kill(pid for pid, command in self._survivors.items() if family.command(pid) == command)

    def _keep(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            if not self.runs and not self._ended.wait(_RETRY_SECONDS):
                self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own arguments
                self._arguments,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches only us
                **self._options,
            )

"""Programs that run beside a test."""

import os
import pwd
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from tests.support.settings import child_environment
from tests.support.waiting import Result, wait_until


class Program:
    """A child process in a session of its own; everything it prints goes to a file.

    It runs from the moment it is made. Leave its `with` block, or call `stop` or `kill`, to end it.
    """

    def __init__(
        self,
        args: Sequence[str | Path],
        log_path: Path,
        *,
        env: Mapping[str, str] = MappingProxyType({}),
        cwd: Path | None = None,
        user: pwd.struct_passwd | None = None,
    ) -> None:
        """Start it.

        `env`: the settings it gets, and other variables beside those of this process; `user`: whom root
        becomes to run it.
        """
        self._log_path = log_path
        self._killed = False
        with log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                args,
                env=child_environment(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **become(user),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The child's process id, which is its group's as well."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where a signal ended it."""
        return self._process.poll()

    def output(self) -> str:
        """All it has printed so far."""
        return self._log_path.read_bytes()[self._log_start :].decode(errors="replace")

    def wait_until(self, condition: Callable[[], Result | None], timeout: float = 15) -> Result:
        """Wait until `condition` gives something true, and give that; fail at once if the program ends."""

        def condition_while_running() -> Result | None:
            ended = self.exit_code is not None  # asked first: it may come true and end, in this order
            result = condition()
            assert result or not ended, f"it will not come true any more. {self._story()}"
            return result

        return wait_until(condition_while_running, timeout, self._story)

    def wait_for_output(self, pattern: str, timeout: float = 15) -> re.Match[str]:
        """Wait until the output holds this regular expression, in which ^ and $ are a line's ends."""
        return self.wait_until(lambda: re.search(pattern, self.output(), re.MULTILINE), timeout)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program itself, not to its children; nothing if it has ended."""
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout: float = 15) -> int:
        """Ask the program to end and give its exit code; fail if it had to be killed."""
        self.send(number)
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(
                f"{number.name} did not end it within {timeout} s. {self._story()}"
            ) from error
        finally:
            self.kill()

    def kill(self) -> None:
        """End the program and all its children, as a crash or a power cut would."""
        if self._killed:
            return  # the number may belong to others by now
        with suppress(ProcessLookupError):  # all of them have ended
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._killed = True

    def _story(self) -> str:
        return f"Program {self._process.args!r}, exit code {self.exit_code}, printed:\n{self.output()}"


def own_program(name: str) -> Path:
    """Give the path of a program that is installed beside this Python, such as se3 or gunicorn."""
    return Path(sys.executable).with_name(name)


def become(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Give the arguments with which subprocess starts a program as this user."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

"""Lines on standard error that a flood can't make useless."""

import threading
import time

import click

_MOST_A_SECOND = 10


class Notices:
    """Prints up to ten lines a second, and says how many it left out; for any thread."""

    def __init__(self) -> None:
        """Nothing was printed yet."""
        self._lock = threading.Lock()
        self._second, self._printed, self._left_out = 0, 0, 0

    def print(self, line: str) -> None:
        """Print `line`, unless too many have been printed in this second."""
        with self._lock:
            if (second := int(time.monotonic())) != self._second:
                self._second, self._printed = second, 0
            if self._printed == _MOST_A_SECOND:
                self._left_out += 1
                return
            self._say_what_was_left_out()
            self._printed += 1
            click.echo(line, err=True)

    def close(self) -> None:
        """Say what was left out last."""
        with self._lock:
            self._say_what_was_left_out()

    def _say_what_was_left_out(self) -> None:
        if self._left_out:
            click.echo(f"... and {self._left_out} more", err=True)
            self._left_out = 0

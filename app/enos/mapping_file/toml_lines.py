"""The line of a key in TOML text; the parser itself gives no positions."""

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

Path = Sequence[str | int]
"""The keys, and the positions in lists, that lead to a value."""


class TomlLines:
    """Finds lines in a text that is valid TOML.

    A statement ends where the lines up to there are valid TOML and hold its key; it begins right behind the
    valid lines before that. So the parser alone tells what a comment, a string or a list over several lines
    is.
    """

    def __init__(self, text: str) -> None:
        """`text`: of a whole file."""
        self._lines = text.replace("\r\n", "\n").split("\n")

    def line_of(self, path: Path) -> int:
        """The line, from 1, where the statement begins that sets a key, or else what should hold the key."""
        whole = tomllib.loads(self._up_to(len(self._lines)))
        found = path[: next(n for n in range(len(path), -1, -1) if _holds(whole, path[:n]))]
        numbers = range(len(self._lines) + 1)
        end = bisect_left(numbers, True, key=lambda number: _holds(self._valid(number)[1], found))
        return self._valid(end - 1)[0] + 1 if found else 1

    def _valid(self, number: int) -> tuple[int, dict[str, Any]]:
        """The most lines, `number` or less, that are valid by themselves, and what they hold."""
        while True:
            try:
                return number, tomllib.loads(self._up_to(number))
            except tomllib.TOMLDecodeError:  # it ends within a statement
                number -= 1

    def _up_to(self, number: int) -> str:
        return "\n".join(self._lines[:number])


def _holds(value: Any, path: Path) -> bool:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True

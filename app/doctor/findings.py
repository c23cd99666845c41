"""What a look found: all is well, a person should look, or something is wrong; and how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """warning: it works, and a person should know. wrong: something does not work, or will not hold."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about `subject`; `advice` says what to do.

    `mend` does it, where that is safe, and returns in words what it did; it raises Se3Error or OSError.
    """

    level: Level
    subject: str
    text: str
    advice: str = ""
    mend: Callable[[], str] | None = None


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, subject, text)


def warning(subject: str, text: str, advice: str, mend: Callable[[], str] | None = None) -> Finding:
    """A person should know."""
    return Finding(Level.WARNING, subject, text, advice, mend)


def wrong(subject: str, text: str, advice: str, mend: Callable[[], str] | None = None) -> Finding:
    """Something does not work, or will not hold."""
    return Finding(Level.WRONG, subject, text, advice, mend)

"""Text from a device, made fit to be logged or printed."""

import re

LONGEST_SHOWN = 500  # characters
_LONGEST_READ = 2000  # characters: what is behind them is not shown, so it need not be searched
_URL = re.compile(r"([a-z][a-z0-9+.-]{0,20}://)(?:.*@)?([^/?#\s]*).*", re.IGNORECASE | re.DOTALL)
_SHA256 = re.compile("[0-9a-f]{64}")
_LOGIN = re.compile(r"[^\s/@]*:[^\s@]*@")


def shown(text: str) -> str:
    """The text on one line of bounded length, without control characters, up to the host of a URL in it.

    URLs of cameras hold passwords, before the host or after it.
    """
    short = _LOGIN.sub("", _URL.sub(r"\1\2", text[:_LONGEST_READ]))
    line = " ".join(short.split())[:LONGEST_SHOWN]
    return "".join(c if c.isprintable() else "\ufffd" for c in line)


def sha256_in(text: str) -> bytes | None:
    """The SHA-256 that 64 lower-case hex digits tell; None for any other text."""
    return bytes.fromhex(text) if _SHA256.fullmatch(text) else None


def measured(value: float | None, unit: str = "") -> str:
    """A number as people read it, with its unit, which begins with a space; "" where there is none."""
    return "" if value is None else f"{value:.6g}{unit}"

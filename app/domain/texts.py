"""Text from a device, made fit to be logged or printed."""

import re

LONGEST_SHOWN = 500  # characters
_URL = re.compile(r"([a-z][a-z0-9+.-]*://)(?:.*@)?([^/?#\s]*).*", re.IGNORECASE | re.DOTALL)


def shown(text: str) -> str:
    """The text on one line of bounded length, without control characters, up to the host of a URL in it.

    URLs of cameras hold passwords, before the host or after it.
    """
    line = " ".join(_URL.sub(r"\1\2", text).split())[:LONGEST_SHOWN]
    return "".join(c if c.isprintable() else "\ufffd" for c in line)

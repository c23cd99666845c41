"""Counting must fail nothing: what it counts is on disk already, and its box waits for the 200."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)

_told: set[tuple[str, str]] = set()


@contextmanager
def harmless(counted: str) -> Iterator[None]:
    """Let what goes wrong in the block end only the block; each type of fault is logged once.

    `counted`: what is counted there, for the log.
    """
    try:
        yield
    except Exception as error:
        kind = counted, type(error).__name__
        if kind not in _told:
            _told.add(kind)
            log.exception("counting_failed", counted=counted)

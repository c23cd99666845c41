"""Server-sent events: each stream holds one of the process's threads, so they are few and short."""

import time
from collections.abc import Callable, Iterator
from threading import Event

import structlog

from app.console.live.feed import Feed, Window
from app.errors import StoreUnavailable

MOST_STREAMS = 8
"""Of a process: half its threads. Pages beyond that ask again and again instead."""

_SECONDS = 60.0  # that a stream lasts; the browser then opens the next
_PAUSE_SECONDS = 0.4
_BEAT_SECONDS = 1.0  # a write to a client that has gone fails, and frees the thread
_RETRY_MILLISECONDS = 1000  # that the browser waits before it opens the next

log = structlog.get_logger(__name__)


def messages(
    feed: Feed,
    after: int,
    show: Callable[[Window, int], str],
    may_go_on: Callable[[], bool],
    ending: Event,
) -> Iterator[str]:
    """What is new since the look `after`, as it comes, for about a minute.

    `show` gives, on one line, what a page needs to know of a window since a look. The stream ends within a
    second or so after `may_go_on` has become false, and at once when `ending` is set.
    """
    yield f"retry: {_RETRY_MILLISECONDS}\n\n"
    ends_at = time.monotonic() + _SECONDS
    beat_at = 0.0
    try:
        while time.monotonic() < ends_at and not ending.is_set():
            if time.monotonic() >= beat_at:
                if not may_go_on():
                    return
                yield ":\n\n"
                beat_at = time.monotonic() + _BEAT_SECONDS
            window = feed.window()
            if window.since(after):
                yield f"id: {window.version}\ndata: {show(window, after)}\n\n"
                after = window.version
            ending.wait(_PAUSE_SECONDS)
    except StoreUnavailable as error:
        log.warning("live_stream_ended", reason=str(error))

"""Live pages of the console without a browser: each follows the events as the page's script does."""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import urllib3

from benchmarks.looking import connected

_POLL_SECONDS = 2.0
_RECONNECT_SECONDS = 1.0
_STREAM_AGAIN_POLLS = 30  # a minute of them
_PATIENCE_SECONDS = 10.0
_CARD = re.compile(r"data-number=")
_VERSION = re.compile(r'data-version="(\d+)"')


class LivePage:
    """One page, in a thread of its own. `cards` counts those it got, `streams` tells whether it has one."""

    def __init__(self, port: int, token: str, ended: threading.Event) -> None:
        """Open the page. `token`: of a session; the page is followed until `ended` is set."""
        self.cards = 0
        self.streams = False
        self._ended = ended
        self._pool = connected(port, token, _PATIENCE_SECONDS)
        self._take(self._get("/live").data.decode())
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def join(self) -> None:
        """Wait until it follows no more."""
        self._thread.join()
        self._pool.close()

    def _follow(self) -> None:
        while not self._ended.is_set():
            self._stream()
            polls = 0
            while not self.streams and polls < _STREAM_AGAIN_POLLS and not self._ended.wait(_POLL_SECONDS):
                self._take(self._get(f"/live/cards?after={self._version}").data.decode())
                polls += 1

    def _stream(self) -> None:
        """Read a stream to its end, if there is room for it."""
        reply = self._get(f"/live/stream?after={self._version}", preload_content=False)
        self.streams = reply.status == 200
        if self.streams:
            for line in _lines(reply, self._ended.is_set):
                self._take(line)
            self._ended.wait(_RECONNECT_SECONDS)
        reply.close()

    def _take(self, html: str) -> None:
        if found := _VERSION.search(html):
            self._version = found[1]
            self.cards += len(_CARD.findall(html))

    def _get(self, path: str, *, preload_content: bool = True) -> urllib3.BaseHTTPResponse:
        return self._pool.request("GET", path, preload_content=preload_content)


@contextmanager
def live_pages(port: int, tokens: Sequence[str]) -> Iterator[list[LivePage]]:
    """Keep a page open for each of these sessions."""
    ended = threading.Event()
    pages: list[LivePage] = []
    try:
        pages += (LivePage(port, token, ended) for token in tokens)
        yield pages
    finally:
        ended.set()
        for page in pages:
            page.join()


def _lines(reply: urllib3.BaseHTTPResponse, is_over: Callable[[], bool]) -> Iterator[str]:
    """Lines as they come; there is one every second at least."""
    rest = b""
    for chunk in reply.stream(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode() for line in lines)
        if is_over():
            return

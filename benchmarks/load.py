"""Posts requests when they are due, however slow the server is, and times each from when it was due.

One thread waits for all connections: many would take the processors from the server.
"""

import gc
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from benchmarks.connection import HOST, closes, whole_reply
from benchmarks.figures import SLOW_SECONDS, Figures, percentile

_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 1.0  # between two looks for who has waited for too long
_RECEIVED_BYTES = 65536
_ROOM_BYTES = 2**18  # for a whole request: it is sent by one call


def post_when_due(port: int, request: Callable[[], bytes], due: Sequence[float], connections: int) -> Figures:
    """Post what `request` makes, once for each of `due`, in seconds from the start and in order.

    A connection takes the next one once it has its reply. A request that is late because the ones before it
    were slow is timed from when it was due all the same: else a server that stalls would delay the very
    requests that show it.
    """
    with selectors.DefaultSelector() as selector, _without_pauses():
        lines = [_Line(port, selector) for _ in range(connections)]
        started = time.perf_counter()
        seconds_each: list[float] = []
        _post(lines, selector, request, [started + each for each in due], seconds_each)
        seconds = time.perf_counter() - started
        for line in lines:
            line.close()
    return summed_up(seconds_each, len(due), seconds)


@contextmanager
def _without_pauses() -> Iterator[None]:
    """Look for no garbage meanwhile: a reply would seem to come late."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def summed_up(seconds_each: Sequence[float], posted: int, seconds: float) -> Figures:
    """Figures of `posted` requests, of which these were answered well; at least one must have been."""
    milliseconds = [each * 1000 for each in seconds_each]
    return Figures(
        events=len(milliseconds),
        rate=len(milliseconds) / seconds,
        p50=percentile(milliseconds, 0.50),
        p99=percentile(milliseconds, 0.99),
        p999=percentile(milliseconds, 0.999),
        most=max(milliseconds),
        slow=sum(each > SLOW_SECONDS for each in seconds_each),
        errors=posted - len(milliseconds),
    )


def _post(
    lines: list["_Line"],
    selector: selectors.BaseSelector,
    request: Callable[[], bytes],
    due: Sequence[float],
    seconds_each: list[float],
) -> None:
    """Post all; adds the time of each that was answered well to `seconds_each`."""
    idle, busy, number = deque(lines), list[_Line](), 0
    while number < len(due) or busy:
        while idle and number < len(due) and due[number] <= time.perf_counter():
            busy.append(idle.popleft())
            busy[-1].post(request(), due[number])
            number += 1
        next_due = due[number] if idle and number < len(due) else time.perf_counter() + _LOOK_SECONDS
        for key, _ in selector.select(max(0.0, next_due - time.perf_counter())):
            key.data.go_on()
        done = [line for line in busy if line.is_done or line.gives_up()]
        seconds_each += [line.seconds for line in done if line.is_taken]
        idle.extend(done)
        busy = [line for line in busy if not line.is_done]


class _Line:
    """A connection, opened again where it was closed, and the request that is on it."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        """Nothing is opened before the first post."""
        self._port = port
        self._selector = selector
        self._socket: socket.socket | None = None
        self._is_over = self.is_taken = False
        self._rest, self.seconds = memoryview(b""), 0.0

    @property
    def is_done(self) -> bool:
        """Whether its request is answered, or will not be; `is_taken` tells of a 200, and `seconds` when."""
        return self._is_over

    def gives_up(self) -> bool:
        """Wait no longer for a reply that takes too long; returns whether there is one."""
        if time.perf_counter() > self._gives_up_at:
            self.close()
            self._is_over = True
        return self._is_over

    def post(self, request: bytes, due: float) -> None:
        """Send a request, as much of it as there is room for; the rest in `go_on`."""
        self._is_over = self.is_taken = False
        self._due, self._rest, self._received = due, memoryview(request), b""
        self._gives_up_at = time.perf_counter() + _PATIENCE_SECONDS
        self._with_faults(self._send)

    def go_on(self) -> None:
        """Send or receive what the connection is ready for."""
        self._with_faults(self._send if self._rest else self._receive)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._socket:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _with_faults(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError:
            self.close()
            self._is_over = True

    def _open(self) -> socket.socket:
        opened = socket.create_connection((HOST, self._port), _PATIENCE_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM_BYTES)
        opened.setblocking(False)
        self._selector.register(opened, selectors.EVENT_READ, self)
        return opened

    def _send(self) -> None:
        self._socket = self._socket or self._open()
        self._rest = self._rest[self._socket.send(self._rest) :]
        events = selectors.EVENT_WRITE if self._rest else selectors.EVENT_READ
        if self._selector.get_key(self._socket).events != events:
            self._selector.modify(self._socket, events, self)

    def _receive(self) -> None:
        assert self._socket is not None
        self._received += self._socket.recv(_RECEIVED_BYTES) or _gone()
        if reply := whole_reply(self._received):
            self.seconds = time.perf_counter() - self._due
            self._is_over, self.is_taken = True, reply[0][9:12] == b"200"
            if closes(reply[0]):
                self.close()


def _gone() -> bytes:
    raise ConnectionError("the server closed the connection before it replied")

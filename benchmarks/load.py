"""Posts requests when they are due, however slow the server is, and times each from when it was due."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.connection import Connection
from benchmarks.figures import SLOW_SECONDS, Figures, percentile

_AHEAD_SECONDS = 0.2  # for the threads to start


def post_when_due(port: int, request: Callable[[], bytes], due: Sequence[float], connections: int) -> Figures:
    """Post what `request` makes, once for each of `due`, in seconds from the start and in order.

    A connection takes the next one once it has its reply; `request` is called in several threads. A request
    that is late because the ones before it were slow is timed from when it was due all the same: else a
    server that stalls would delay the very requests that show it.
    """
    pending = iter(due)  # threads may share it: each next() is one step under the interpreter's lock
    times: list[list[float]] = [[] for _ in range(connections)]
    started = time.perf_counter() + _AHEAD_SECONDS
    threads = [
        threading.Thread(target=_post_some, args=(port, request, pending, started, own)) for own in times
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    return summed_up(list(itertools.chain.from_iterable(times)), len(due), seconds)


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


def _post_some(
    port: int,
    request: Callable[[], bytes],
    pending: Iterator[float],
    started: float,
    times: list[float],
) -> None:
    connection = Connection(port)
    for due in pending:
        content = request()
        time.sleep(max(0.0, started + due - time.perf_counter()))
        if _is_taken(connection, content):
            times.append(time.perf_counter() - started - due)
    connection.close()


def _is_taken(connection: Connection, content: bytes) -> bool:
    try:
        return connection.post(content)[0] == 200
    except OSError:
        return False

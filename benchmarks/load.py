"""Posts ready-made requests over several connections at once and times each."""

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.connection import Connection

_MOST_SECONDS = 60.0  # a server slower than this is stopped being asked; what is left counts as unanswered


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: how long its reply took, in seconds, with its status (0: none came) and body."""

    seconds: float
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: `seconds` from the first request to the last reply."""

    seconds: float
    answers: list[Answer]
    unasked: int


def post_all(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Post every request once, each connection taking the next one as soon as it has its reply."""
    pending = iter(requests)  # threads may share it: each next() is one step under the interpreter's lock
    answers: list[list[Answer]] = [[] for _ in range(connections)]
    started = time.perf_counter()
    deadline = started + _MOST_SECONDS
    threads = [threading.Thread(target=_post_some, args=(port, pending, own, deadline)) for own in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    found = list(itertools.chain.from_iterable(answers))
    return Load(seconds, found, len(requests) - len(found))


def _post_some(port: int, pending: Iterator[bytes], answers: list[Answer], deadline: float) -> None:
    connection = Connection(port)
    for request in pending:
        answers.append(_post(connection, request))
        if time.perf_counter() > deadline:
            break
    connection.close()


def _post(connection: Connection, request: bytes) -> Answer:
    started = time.perf_counter()
    try:
        status, body = connection.post(request)
    except OSError as error:
        status, body = 0, str(error).encode()
    return Answer(time.perf_counter() - started, status, body)

"""Threads do what is submitted, as few of them as it takes."""

import threading
from queue import SimpleQueue

from app.receiver.worker.threads import Threads
from tests.support.waiting import wait_until

MOST = 3


def test_everything_is_done_by_at_most_so_many_at_once() -> None:
    ended, begun = threading.Semaphore(0), SimpleQueue[tuple[int, int]]()

    def work(what: int) -> None:
        begun.put((what, threading.get_ident()))
        ended.acquire()

    threads = Threads(MOST, work)
    for what in range(10):
        threads.submit(what)
    first = [begun.get(timeout=5) for _ in range(MOST)]
    assert begun.empty()
    ended.release(10)
    threads.shutdown()
    rest = [begun.get(timeout=5) for _ in range(10 - MOST)]
    assert sorted(what for what, _ in first + rest) == list(range(10))
    assert {thread for _, thread in rest} <= {thread for _, thread in first}


def test_what_comes_one_after_the_other_is_done_by_one() -> None:
    done = SimpleQueue[int]()
    threads = Threads(MOST, lambda _what: done.put(threading.get_ident()))
    found = set()
    for what in range(20):
        threads.submit(what)
        found.add(done.get(timeout=5))
        wait_until(lambda: threads._idle == 1)
    threads.shutdown()
    assert len(found) == 1

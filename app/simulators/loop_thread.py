"""An asyncio loop in a thread of its own, for a server inside a program that is not asynchronous."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

_SECONDS = 10.0  # for whatever runs in it

_Result = TypeVar("_Result")


class LoopThread:
    """To be started and stopped once."""

    def __init__(self, name: str) -> None:
        """`name`: the thread's."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run `work` there, and give its result or raise its error; TimeoutError after 10 s."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def end(self) -> None:
        """End the loop, whatever still runs in it, and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

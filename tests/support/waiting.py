"""Waits for what another process or thread does."""

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_PAUSE_SECONDS = 0.02


def wait_until(
    condition: Callable[[], Result | None], timeout: float = 15, describe: Callable[[], str] = lambda: ""
) -> Result:
    """Ask `condition` again and again until its answer is true, and give that answer.

    Raises:
        AssertionError: it did not come true within `timeout` seconds; `describe` adds what is known then.
    """
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, f"it did not come true within {timeout} s. {describe()}"
        time.sleep(_PAUSE_SECONDS)
    return result

"""Gives a Python program another clock, for tests: Python imports this where PYTHONPATH leads here.

OTHER_CLOCK names a file with the seconds by which the clock is off. The monotonic clock stays as it is.
"""

import datetime
import os
import time
from datetime import datetime as true_datetime
from pathlib import Path

_file = Path(os.environ["OTHER_CLOCK"])
_time, _time_ns = time.time, time.time_ns


def _seconds() -> int:
    return int(_file.read_text() or 0)


class _OtherDatetime(true_datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> true_datetime:  # type: ignore[override]
        return true_datetime.now(tz) + datetime.timedelta(seconds=_seconds())


time.time = lambda: _time() + _seconds()
time.time_ns = lambda: _time_ns() + _seconds() * 10**9
datetime.datetime = _OtherDatetime  # type: ignore[misc]

"""What waits in a program's spool where PostgreSQL was slow for a moment: tests share a busy machine."""

import time
from contextlib import closing
from pathlib import Path

from app.store.spool.sheltered_batches import RETRY_SECONDS
from app.store.spool.spool import Spool
from tests.support.waiting import wait_until


def await_drained(file: Path) -> None:
    """Wait until the program has moved all that waits in its spool, and writes into the database again."""
    with closing(Spool(file)) as spool:
        if spool.waiting().requests:
            wait_until(lambda: not spool.waiting().requests, timeout=30)
            time.sleep(RETRY_SECONDS)  # it tries the database again by then, and says so to nobody

"""A PostgreSQL server of the bench's own, durable as a site's would be."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.missing import Missing
from tests.support.postgresql import PostgreSQL

_AS_A_SITE = {  # PostgreSQL's defaults
    "fsync": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_senders": "10",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
}


@contextmanager
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """Run it.

    Raises:
        Missing: PostgreSQL is not installed.
    """
    data = folder / "postgresql"
    data.mkdir()
    try:
        server = PostgreSQL(data, _AS_A_SITE)
    except (pytest.skip.Exception, pytest.fail.Exception) as reason:  # for that class is the tests'
        raise Missing(str(reason)) from None
    try:
        server.start()
        yield server
    finally:
        server.stop()

"""Asks the database something, for who can't wait for one that hangs."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from app.errors import StoreUnavailable
from app.store.database import Database

_PROMPT_SECONDS = 0.5
SCRAPE_SECONDS = 3.0
"""For what /metrics asks: Prometheus gives up after 10."""

Answer = TypeVar("Answer")


def asked_soon(
    database: Database, ask: Callable[[Database], Answer], seconds: float = _PROMPT_SECONDS
) -> Answer:
    """Its answer; a PostgreSQL that takes longer than `seconds` is one that is away.

    Raises:
        StoreUnavailable: it can't be used, or took too long.
        Exception: what `ask` raises.
    """
    if database.sqlite_file:
        return ask(database)
    told: Future[Answer] = Future()

    def tell() -> None:
        try:
            told.set_result(ask(database))
        except Exception as error:  # noqa: BLE001 - who asked gets it
            told.set_exception(error)

    threading.Thread(target=tell, daemon=True).start()
    try:
        return told.result(seconds)
    except TimeoutError:
        raise StoreUnavailable(f"the database took longer than {seconds:g} s") from None

"""Sees that no connection outlives the lease, whatever its worker is waiting for."""

import threading
from types import TracebackType
from typing import Protocol, Self

import structlog
from structlog.contextvars import bind_contextvars

from app.forwarder.lease import Lease

_LOOK_SECONDS = 0.1  # a lease counts as lost a second before another one may take the channel

log = structlog.get_logger(__name__)


class Closable(Protocol):
    """A connection; see `app.enos.channel.Channel`."""

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""

    def close(self) -> None:
        """Disconnect, or end the attempt to connect; whatever another thread does with it meanwhile."""


class Guard:
    """While its `with` block lasts, a thread closes the connection once the lease has lapsed.

    It never asks the database: the worker may be waiting for that longer than the lease lasts.
    """

    def __init__(self, channel: str, lease: Lease, connection: Closable) -> None:
        """`channel`: the name of the channel that is held by the lease."""
        self._channel = channel
        self._lease = lease
        self._connection = connection
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"guard-{channel}", daemon=True)

    def __enter__(self) -> Self:
        """Start to watch."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Watch no longer; the caller closes the connection."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        bind_contextvars(channel=self._channel)
        while not self._ended.wait(_LOOK_SECONDS):
            if self._lease.has_lapsed:
                self._close()

    def _close(self) -> None:
        if self._connection.is_open:
            log.warning("lease_lapsed", closing="the connection to EnOS")
        try:
            self._connection.close()
        except Exception:  # the next look tries again
            log.exception("connection_not_closed")

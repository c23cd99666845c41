"""A forwarder's hold on its channel: a lease in the database, kept or waited for by a thread."""

import dataclasses
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog
from structlog.contextvars import bind_contextvars

from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.ids import new_id
from app.errors import StoreUnavailable
from app.store import channels
from app.store.database import Database

LEASE_SECONDS = 7.0
BEAT_SECONDS = 2.0
HUNG_SECONDS = 60.0  # so long no step of a worker lasts, unless it hangs
_MARGIN_SECONDS = 1.0  # given up before another one may take it

log = structlog.get_logger(__name__)


class Lease:
    """Held by one forwarder at a time, whatever happens to it: another takes over once it ends.

    While its `with` block lasts a thread beats, as long as the worker makes steps. `term` counts how often it
    was got: it may be lost and got again while nobody looks.
    """

    def __init__(self, database: Database, channel: str) -> None:
        """`channel`: the name of the channel to hold."""
        now = datetime.now(UTC)
        self._database = database
        self._forwarder = Forwarder(
            new_id(), channel, socket.gethostname(), os.getpid(), now, now, ForwarderState.STANDBY, None, now
        )
        self.term = 0
        self._stepped_at = time.monotonic()
        self._held_until = 0.0
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name=f"lease-{channel}", daemon=True)

    @property
    def is_held(self) -> bool:
        """Whether the channel may be used now.

        Raises:
            Exception: whatever ended the thread that beats.
        """
        if self._failure:
            raise self._failure
        return not self.has_lapsed

    @property
    def has_lapsed(self) -> bool:
        """Whether the time is over for which the channel was got last; another may get it soon."""
        return time.monotonic() >= self._held_until

    @property
    def forwarder_id(self) -> UUID:
        """Who holds it, if it is held."""
        return self._forwarder.id

    def stepped(self) -> None:
        """The worker is alive: without this for HUNG_SECONDS the lease is not renewed."""
        self._stepped_at = time.monotonic()

    def report(self, state: ForwarderState, reason: str | None = None) -> None:
        """Say how the forwarder is, from the next heartbeat on."""
        before = self._forwarder
        since = before.state_since if before.state is state else datetime.now(UTC)
        self._forwarder = dataclasses.replace(before, state=state, reason=reason, state_since=since)

    def __enter__(self) -> Self:
        """Start to beat."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the channel for others; the caller has closed it."""
        self._ended.set()
        self._thread.join()
        self._held_until = 0.0
        try:
            with self._database.write() as connection:
                channels.leave(connection, self._forwarder.id)
        except StoreUnavailable as unavailable:  # the lease ends by itself
            log.warning("lease_not_released", reason=str(unavailable))

    def _beat_on(self) -> None:
        bind_contextvars(channel=self._forwarder.channel)
        wait = 0.0
        while not self._ended.wait(wait):
            if time.monotonic() - self._stepped_at > HUNG_SECONDS:
                log.error("worker_hangs", reason=f"no step has ended for {HUNG_SECONDS:g} s")
                wait = BEAT_SECONDS
                continue
            try:
                wait = self._beat()
            except StoreUnavailable as error:
                log.error("store_unavailable", reason=str(error))
                wait = BEAT_SECONDS
            except Exception as error:
                log.exception("heartbeat_failed")
                self._failure = error
                return

    def _beat(self) -> float:
        """Beat once; returns the seconds until the next time."""
        asked_at = time.monotonic()
        with self._database.write() as connection:
            others = channels.beat(connection, self._forwarder, timedelta(seconds=LEASE_SECONDS))
        if others:
            self._held_until = 0.0
            return min(BEAT_SECONDS, others)
        if asked_at >= self._held_until:
            self.term += 1
        self._held_until = asked_at + LEASE_SECONDS - _MARGIN_SECONDS
        return BEAT_SECONDS

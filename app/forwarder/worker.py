"""The forwarder's loop for one channel: hold it, keep it connected, relay through it."""

import threading
import time
from typing import Protocol

import structlog

from app.domain.forwarders import ForwarderState
from app.errors import ChannelError, StoreUnavailable
from app.forwarder.lease import Lease
from app.forwarder.pacing import ConnectPacer
from app.forwarder.relay import Exchange, Relay
from app.store import channels, outbox
from app.store.database import Database

STORE_RETRY_SECONDS = 2.0
STANDBY_SECONDS = 0.1
STOP_SECONDS = 5.0  # for replies to what was posted already
PAUSE_SECONDS = 300.0  # nothing but a person mends what EnOS refuses to the whole channel
_LONGEST_WAIT_SECONDS = 1.0  # the lease may end meanwhile

log = structlog.get_logger(__name__)


class Connection(Exchange, Protocol):
    """What a worker needs of a channel; see `app.enos.channel.Channel`."""

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""

    @property
    def fault(self) -> str:
        """Why it ended."""

    def open(self) -> None:
        """Connect."""

    def close(self) -> None:
        """Disconnect."""


class Worker:
    """Each step says how long to wait before the next."""

    def __init__(
        self,
        name: str,
        database: Database,
        lease: Lease,
        connection: Connection,
        relay: Relay,
        pacer: ConnectPacer,
    ) -> None:
        """`name`: the channel's."""
        self._name = name
        self._database = database
        self._lease = lease
        self._connection = connection
        self._relay = relay
        self._pacer = pacer
        self._holds = False
        self._was_open = False
        self._paused_until = 0.0

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set; then await replies for STOP_SECONDS at most, and free the channel."""
        with self._lease:
            try:
                while not stop.is_set():
                    stop.wait(self._step())
                self._finish()
            finally:
                self._connection.close()

    def _step(self) -> float:
        """Do what there is to do; returns the seconds to wait before the next step."""
        if not self._lease.is_held:
            return self._stand_by()
        try:
            if not self._holds:
                self._take_over()
            if not self._connection.is_open:
                return min(self._connect(), _LONGEST_WAIT_SECONDS)
            self._relay.step()
            if self._relay.pause_reason:
                self._pause(self._relay.pause_reason)
        except StoreUnavailable as error:
            log.error("store_unavailable", reason=str(error))
            return STORE_RETRY_SECONDS
        return 0

    def _stand_by(self) -> float:
        self._lease.report(ForwarderState.STANDBY)
        if self._holds:
            log.warning("lease_lost")
            self._connection.close()
            self._relay.end("the forwarder lost its lease of the channel before EnOS answered")
            self._holds = self._was_open = False
        return STANDBY_SECONDS

    def _take_over(self) -> None:
        """Free what an earlier holder had claimed."""
        self._relay.write()  # what we could not write down before the lease ended
        with self._database.write() as connection:
            released = outbox.release(connection, self._name)
        self._remember_connects()
        self._relay.take_over()
        self._lease.report(ForwarderState.DISCONNECTED)
        log.info("channel_held", released=released)
        self._holds = True

    def _connect(self) -> float:
        if self._was_open:
            self._drop()
        now = time.monotonic()
        if wait := max(self._pacer.wait(now), self._paused_until - now):
            return wait
        with self._database.write() as connection:
            channels.note_connect(connection, self._name)
        self._pacer.connecting(now)
        try:
            self._connection.open()
        except ChannelError as error:
            self._failed(str(error))
            return 0
        log.info("channel_open")
        self._lease.report(ForwarderState.HEALTHY)
        self._relay.begin()
        self._was_open = True
        return 0

    def _failed(self, reason: str) -> None:
        now = time.monotonic()
        self._pacer.failed(now)
        log.error("channel_failed", reason=reason, retry_in=round(self._pacer.wait(now)))
        self._lease.report(ForwarderState.DISCONNECTED, reason)

    def _drop(self) -> None:
        self._remember_connects()
        reason = self._connection.fault
        log.warning("channel_dropped", reason=reason)
        self._lease.report(ForwarderState.DISCONNECTED, reason)
        self._pacer.dropped(time.monotonic())
        self._was_open = False
        self._relay.end("the connection ended before EnOS answered")
        self._relay.write()

    def _remember_connects(self) -> None:
        """Count the connects of others as ours: an earlier holder's, and a check's that pushed us out."""
        with self._database.read() as connection:
            ages = channels.connect_ages(connection, self._name)
        self._pacer.remember(ages, time.monotonic())

    def _pause(self, reason: str) -> None:
        """Nothing goes for a while; the next connection logs in anew and tries with one event."""
        log.error("channel_paused", seconds=PAUSE_SECONDS, reason=reason)
        self._lease.report(ForwarderState.PAUSED, reason)
        self._paused_until = time.monotonic() + PAUSE_SECONDS
        self._connection.close()
        self._was_open = False
        self._relay.end("EnOS shut the channel out before it answered")
        self._relay.write()

    def _finish(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while self._lease.is_held and not self._relay.is_idle and time.monotonic() < deadline:
            self._relay.hear()
        self._relay.end("the forwarder was stopped before EnOS answered")
        self._relay.write()

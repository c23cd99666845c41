"""The forwarder's loop for one channel: hold it, keep it connected, relay through it."""

import threading
import time
from typing import Protocol

import structlog

from app.domain.forwarders import ForwarderState
from app.errors import ChannelError, StoreUnavailable
from app.forwarder.guard import Guard
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
        """Disconnect, whatever another thread does with it meanwhile."""


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
        self._term = 0
        self._was_open = False
        self._paused_until = 0.0

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set; then await replies for STOP_SECONDS at most, and free the channel."""
        with self._lease:
            try:
                with Guard(self._name, self._lease, self._connection):
                    while not stop.is_set():
                        self._lease.stepped()
                        stop.wait(self._step())
                    self._finish()
            finally:
                self._connection.close()

    def _step(self) -> float:
        """Do what there is to do; returns the seconds to wait before the next step."""
        try:
            if self._term and (not self._lease.is_held or self._lease.term != self._term):
                self._give_up()
            if not self._lease.is_held:
                return self._stand_by()
            if not self._term and not self._take_over():
                return STANDBY_SECONDS
            return self._serve()
        except StoreUnavailable as error:
            log.error("store_unavailable", reason=str(error))
            return STORE_RETRY_SECONDS

    def _serve(self) -> float:
        if self._relay.pause_reason and self._was_open:
            self._pause(self._relay.pause_reason)
        if not self._connection.is_open:
            return min(self._connect(), _LONGEST_WAIT_SECONDS)
        if self._relay.is_mute:
            self._hang_up()
            return 0
        self._relay.step()
        trouble = self._relay.trouble
        self._lease.report(ForwarderState.FAILING if trouble else ForwarderState.HEALTHY, trouble)
        return 0

    def _give_up(self) -> None:
        log.warning("lease_lost")
        self._connection.close()
        self._relay.end("the forwarder lost its lease of the channel before EnOS answered")
        self._term, self._was_open = 0, False

    def _stand_by(self) -> float:
        self._lease.report(ForwarderState.STANDBY)
        self._relay.write()  # what we claimed too late, before the next holder could free it
        return STANDBY_SECONDS

    def _take_over(self) -> bool:
        """Free what an earlier holder had claimed; returns False if the channel is another's by now."""
        term = self._lease.term
        self._relay.write()  # what we could not write down before the lease ended
        with self._database.write() as connection:
            if not channels.is_held_by(connection, self._name, self._lease.forwarder_id):
                return False
            released = outbox.release(connection, self._name)
        self._lease.report(ForwarderState.DISCONNECTED)
        log.info("channel_held", released=released)
        self._term = term
        return True

    def _connect(self) -> float:
        if self._was_open:
            self._drop()
        if wait := self._seconds_to_connect():
            return wait
        try:
            self._connection.open()
        except ChannelError as error:
            if self._lease.is_held:  # else it was closed while it opened
                self._failed(str(error))
            return 0
        log.info("channel_open")
        self._pacer.succeeded()
        self._relay.begin()
        self._was_open = True
        return 0

    def _seconds_to_connect(self) -> float:
        """Seconds until we may; 0 notes the connect that follows.

        When we think that we may, others' connects are looked up: a check's, an earlier holder's.
        """
        now = time.monotonic()
        if wait := max(self._pacer.wait(now), self._paused_until - now):
            return wait
        with self._database.write() as connection:
            channels.lock(connection, self._name)
            self._pacer.remember(channels.connect_ages(connection, self._name), now)
            if wait := self._pacer.wait(now):
                return wait
            channels.note_connect(connection, self._name)
        self._pacer.connecting(now)
        return 0

    def _failed(self, reason: str) -> None:
        self._pacer.failed(time.monotonic())
        log.error("channel_failed", reason=reason, retry_in=self._retry_in())
        self._lease.report(ForwarderState.DISCONNECTED, reason)

    def _drop(self) -> None:
        self._relay.end("the connection ended before EnOS answered")
        if self._relay.pause_reason:
            self._pause(self._relay.pause_reason)
            return
        reason = self._connection.fault
        self._pacer.dropped(time.monotonic())
        log.warning("channel_dropped", reason=reason, retry_in=self._retry_in())
        self._lease.report(ForwarderState.DISCONNECTED, reason)
        self._was_open = False
        self._relay.write()

    def _hang_up(self) -> None:
        """The connection stands, but nothing comes back: a new one may bring the replies again."""
        reason = "the connection stood, but EnOS answered nothing any more"
        self._connection.close()
        self._failed(reason)
        self._was_open = False
        self._relay.end("the connection was given up before EnOS answered")
        self._relay.write()

    def _pause(self, reason: str) -> None:
        """Nothing goes for a while; the next connection logs in anew and tries with one event."""
        log.error("channel_paused", seconds=PAUSE_SECONDS, reason=reason)
        self._lease.report(ForwarderState.PAUSED, reason)
        self._paused_until = time.monotonic() + PAUSE_SECONDS
        self._connection.close()
        self._was_open = False
        self._relay.end("EnOS shut the channel out before it answered")
        self._relay.write()

    def _retry_in(self) -> int:
        return round(self._pacer.wait(time.monotonic()))

    def _finish(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        try:
            while self._connection.is_open and not self._relay.is_idle and time.monotonic() < deadline:
                self._relay.hear()
            self._relay.end("the forwarder was stopped before EnOS answered")
            self._relay.write()
        except StoreUnavailable as error:  # the next holder of the channel frees what is claimed
            log.error("store_unavailable", reason=str(error))

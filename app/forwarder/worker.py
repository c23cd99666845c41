"""The forwarder's loop: each step says how long to wait before the next."""

import random
import threading
import time

import structlog

from app.config import Settings
from app.enos.channel import Channel
from app.enos.endpoint import endpoint
from app.enos.mapping_file import load_mapping
from app.errors import ChannelError, StoreUnavailable
from app.forwarder.pacing import ConnectPacer
from app.forwarder.relay import Relay
from app.store.database import Database

IDLE_SECONDS = 0.05  # how long a new event may wait to be noticed; a look costs well under a millisecond
STORE_RETRY_SECONDS = 2.0
STOP_SECONDS = 2.0  # for replies to what was posted already
PAUSE_SECONDS = 300.0  # nothing but a person mends what EnOS refuses to the whole channel

log = structlog.get_logger(__name__)


def forward(settings: Settings, stop: threading.Event) -> None:
    """Relay events to EnOS until `stop` is set; without EnOS settings, say so once and wait.

    Raises:
        MappingError: the mapping file is wrong.
    """
    mapping = load_mapping(settings.enos_mapping)
    if settings.enos_broker_url is None:
        log.warning("forwarder_idle", reason="ENOS_BROKER_URL is not set: events wait in the outbox")
        stop.wait()
        return
    database = Database(settings.database_url)
    channel = Channel(endpoint(settings))
    rng = random.Random()  # noqa: S311 - jitter, no secret
    relay = Relay(database, channel, mapping, rng, settings.enos_events)
    Worker(channel, relay, ConnectPacer(rng)).run(stop)
    database.close()


class Worker:
    """Keeps a channel open and relays through it."""

    def __init__(self, channel: Channel, relay: Relay, pacer: ConnectPacer) -> None:
        """The channel need not be open."""
        self._channel = channel
        self._relay = relay
        self._pacer = pacer
        self._was_open = False

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set; a round that has begun is finished first, within STOP_SECONDS."""
        threading.Thread(target=self._hurry_at, args=(stop,), daemon=True).start()
        try:
            while not stop.is_set():
                stop.wait(self._step())
        finally:
            self._channel.close()

    def _hurry_at(self, stop: threading.Event) -> None:
        stop.wait()
        self._channel.hurry(STOP_SECONDS)

    def _step(self) -> float:
        """Do what there is to do; returns the seconds to wait before the next step."""
        if not self._channel.is_open:
            return self._connect()
        try:
            handled = self._relay.relay()
        except StoreUnavailable as error:
            log.error("store_unavailable", reason=str(error))
            return STORE_RETRY_SECONDS
        if self._relay.pause_reason:
            log.error("channel_paused", seconds=PAUSE_SECONDS, reason=self._relay.pause_reason)
            self._channel.close()  # the next connection logs in anew
            self._was_open = False
            return PAUSE_SECONDS
        return 0 if handled else IDLE_SECONDS

    def _connect(self) -> float:
        if self._was_open:
            log.warning("channel_dropped")
            self._pacer.dropped(time.monotonic())
            self._was_open = False
        if wait := self._pacer.wait(time.monotonic()):
            return wait
        self._pacer.connecting(time.monotonic())
        try:
            self._channel.open()
        except ChannelError as error:
            self._pacer.failed(time.monotonic())
            log.error("channel_failed", reason=str(error), retry_in=round(self._pacer.wait(time.monotonic())))
            return 0
        log.info("channel_open")
        self._was_open = True
        return 0

"""Listens to boxes that serve their events on a WebSocket (SE3 protocol, section 7, item 7)."""

import random
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog
from websockets.exceptions import InvalidURI
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.uri import parse_uri

from app import jsontext
from app.config import Settings
from app.domain.events import Arrival
from app.errors import Se3Error
from app.receiver.counting import Counting
from app.receiver.intake import Intake
from app.store.recorder import Recorder

QUIET_SECONDS = 10.0  # then a ping; after as many more without an answer the box counts as dead
STOP_SECONDS = 3.0  # for messages that have come already
LONGEST_RETRY_SECONDS = 30.0
_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 2.0

log = structlog.get_logger(__name__)


def listen(
    urls: Sequence[str],
    devices: Sequence[str],
    settings: Settings,
    writer: Recorder,
    counting: Counting,
    stop: threading.Event,
) -> None:
    """Take the real-time events that boxes serve at `urls`, each in a thread of its own, until `stop` is set.

    `devices`: the ids of the devices whose events the boxes are asked for.

    Raises:
        Se3Error: one of `urls` is not a ws or wss URL.
    """
    intake = Intake(settings, writer, counting, stop)
    listeners = [Listener(url, devices, settings.max_body_bytes, intake, stop) for url in urls]
    threads = [threading.Thread(target=listener.run, daemon=True) for listener in listeners]
    for thread in threads:
        thread.start()
    stop.wait()
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


class Listener:
    """One box's client."""

    def __init__(
        self, url: str, devices: Sequence[str], max_bytes: int, intake: Intake, stop: threading.Event
    ) -> None:
        """`max_bytes`: a longer message ends the connection; the box is then connected to anew.

        Raises:
            Se3Error: `url` is not a ws or wss URL.
        """
        self._url = url
        self._host, self._route = _host_and_route(url)
        self._request = jsontext.dump({"need_face": True, "need_register": True, "event_list": list(devices)})
        self._max_bytes = max_bytes
        self._intake = intake
        self._stop = stop
        self._random = random.Random()  # noqa: S311 - jitter, no secret
        self._connection: Connection | None = None

    def run(self) -> None:
        """Listen until `stop` is set; a connection that fails or ends is made anew, for ever."""
        threading.Thread(target=self._close_on_stop, daemon=True).start()
        failures = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 - whatever it was, the box must be listened to again
                failures = 1 if time.monotonic() - began > LONGEST_RETRY_SECONDS else failures + 1
                self._rest(error, failures)

    def _listen(self) -> None:
        with connect(
            self._url,
            proxy=None,  # boxes stand in the site's own network
            compression=None,  # pictures don't get smaller
            max_size=self._max_bytes,
            ping_interval=None,  # its pongs would go unread, and the connection end, while the store is away
            open_timeout=_OPEN_SECONDS,
            close_timeout=_CLOSE_SECONDS,
        ) as connection:
            self._connection = connection
            if self._stop.is_set():  # it may have been set before there was a connection to close
                return
            connection.send(self._request)
            log.info("listener_connected", url=self._route)
            self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        """Take messages until the connection ends; what had come before its end is taken too."""
        pong = None
        while True:
            try:
                body = connection.recv(QUIET_SECONDS, decode=False)
            except TimeoutError:
                if pong and not pong.is_set():
                    raise TimeoutError(f"the box answered no ping within {QUIET_SECONDS:g} s") from None
                pong = connection.ping()
            else:
                pong = None
                self._intake.take(body, Arrival(self._route, self._host, datetime.now(UTC)))
                del body  # the next may be long in coming

    def _rest(self, error: Exception, failures: int) -> None:
        if self._stop.is_set():
            return
        seconds = retry_seconds(failures, self._random)
        reason = str(error) or type(error).__name__
        log.warning("listener_lost", url=self._route, reason=reason, retry_in=round(seconds, 1))
        self._stop.wait(seconds)

    def _close_on_stop(self) -> None:
        self._stop.wait()
        if self._connection:
            self._connection.close()


def retry_seconds(failures: int, rng: random.Random) -> float:
    """Seconds to wait after so many failures in a row (1 or more): up to 2, 4, 8 … 30, and at least 1."""
    return rng.uniform(1, min(LONGEST_RETRY_SECONDS, 2.0 ** min(failures, 5)))


def _host_and_route(url: str) -> tuple[str, str]:
    """The host, and the URL without user, password and query, which may hold secrets."""
    try:
        host = parse_uri(url).host
    except (InvalidURI, ValueError):  # their texts may hold the password
        shown = url.rpartition("@")[2].partition("?")[0]
        raise Se3Error(f"{shown} is no WebSocket; it must look like ws://192.168.1.50:5679") from None
    parts = urlsplit(url)
    return host, parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

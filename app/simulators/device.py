"""A whole simulated box: its API, its WebSocket, and reports to all who were named or have asked."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from app.domain.events import Kind
from app.simulators.addresses import device_id
from app.simulators.box_api import HISTORY_PATH, REALTIME_PATH, STATUS_PATH, BoxApi
from app.simulators.box_socket import BoxSocket
from app.simulators.encodings import encode
from app.simulators.gate import Gate
from app.simulators.posting import Poster
from app.simulators.results import Result
from app.simulators.seen import Sighting
from app.simulators.sightings import make_event
from app.simulators.status import make_status

_SETTINGS = {
    Kind.HISTORY: (HISTORY_PATH, "history_upload_event_url", "history_need_reg_pic"),
    Kind.REALTIME: (REALTIME_PATH, "event_server_url", "real_need_reg_pic"),
}
_ENCODINGS = {"json": "json", "form-data": "multipart"}
_FORM, _SOCKET_FORM = "v2r4", "v6r1"  # of what it posts, and of what it serves
_TIMEOUT_SECONDS = 10.0


class Device:
    """Posts to the addresses that its API was told; for use by one thread."""

    def __init__(self, host: str, api_port: int, socket_port: int, seed: int) -> None:
        """`host`: the address to serve on. The ports may be 0 for free ones. `seed`: as of Box.

        Raises:
            Se3Error: it can't listen there.
        """
        self.api = BoxApi(host, api_port)
        self.socket = BoxSocket(host, socket_port)
        self._gate = Gate(seed=seed)
        self.device_id = device_id(self._gate.dev_sno)
        self._poster = Poster(_TIMEOUT_SECONDS)
        self._reports, self._report_at = 0, 0.0
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Start both servers.

        Raises:
            Se3Error: the WebSocket can't listen on its port.
        """
        with ExitStack() as starting:
            starting.enter_context(self.api)
            starting.enter_context(self.socket)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both, and close every connection."""
        self._poster.close()
        self._running.close()

    def run(self, rate: float, stop: threading.Event) -> Iterator[Result]:
        """See `rate` faces a second until `stop` is set, and give the result of each post.

        Each face is a history event and a real-time event, as those who take them have been set. Status
        reports go out in the period that was set.
        """
        while not stop.is_set():
            sighting = self._gate.next_sighting()
            self.socket.send(make_event(sighting, _SOCKET_FORM, Kind.REALTIME))
            for kind in Kind:
                yield from self._post_event(sighting, kind)
            yield from self._post_status()
            stop.wait(1 / rate)

    def _post_event(self, sighting: Sighting, kind: Kind) -> Iterator[Result]:
        path, urls, library_photos = _SETTINGS[kind]
        settings = self.api.settings[path]
        event = make_event(sighting, _FORM, kind)
        if not settings[library_photos]:
            del event["reg_pic"]
        for url in settings[urls]:
            yield self._poster.post(url, encode(event, _ENCODINGS[settings["content-type"]]))

    def _post_status(self) -> Iterator[Result]:
        settings: dict[str, Any] = self.api.settings[STATUS_PATH]
        url, now = settings["monitor_server_url"], time.monotonic()
        if not url or now < self._report_at:
            return
        self._report_at = now + settings["reported_peroid"]
        self._reports += 1
        yield self._poster.post(url, encode(make_status(self._gate, _FORM, self._reports), "json"))

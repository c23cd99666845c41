"""A whole simulated box: its API, its WebSocket, and events to all who were named or have asked."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from app.domain.events import Kind
from app.simulators.box import Box, Result
from app.simulators.box_api import HISTORY_PATH, REALTIME_PATH, BoxApi
from app.simulators.box_socket import BoxSocket
from app.simulators.people import STRANGER

_SETTINGS = {
    Kind.HISTORY: (HISTORY_PATH, "history_upload_event_url", "history_need_reg_pic"),
    Kind.REALTIME: (REALTIME_PATH, "event_server_url", "real_need_reg_pic"),
}
_ENCODINGS = {"json": "json", "form-data": "multipart"}


class Device:
    """Posts to the addresses that its API was told; for use by one thread."""

    def __init__(self, host: str, api_port: int, socket_port: int, seed: int) -> None:
        """`host`: the address to serve on. The ports may be 0 for free ones. `seed`: as of Box.

        Raises:
            Se3Error: it can't listen there.
        """
        self.api = BoxApi(host, api_port)
        self.socket = BoxSocket(host, socket_port)
        self._seed = seed
        self._sources = {kind: Box("http://nowhere", kind=kind, seed=seed) for kind in Kind}
        self._posting: dict[tuple[Kind, str, str], Box] = {}
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
        for box in (*self._sources.values(), *self._posting.values()):
            box.close()
        self._running.close()

    def run(self, rate: float, stop: threading.Event) -> Iterator[Result]:
        """See `rate` faces a second until `stop` is set, and give the result of each post.

        Each face is a history event and a real-time event, as those who take them have been set.
        """
        while not stop.is_set():
            for kind in Kind:
                yield from self._send(kind, self._sources[kind].next_event())
            stop.wait(1 / rate)

    def _send(self, kind: Kind, event: dict[str, Any]) -> Iterator[Result]:
        if kind is Kind.REALTIME:
            self.socket.send(_on_socket(event, self._sources[kind].dev_sno))
        path, urls, library_photos = _SETTINGS[kind]
        settings = self.api.settings[path]
        if not settings[library_photos]:
            event = {name: value for name, value in event.items() if name != "reg_pic"}
        for url in settings[urls]:
            yield self._box(kind, url, _ENCODINGS[settings["content-type"]]).post(event)

    def _box(self, kind: Kind, url: str, encoding: str) -> Box:
        key = (kind, url, encoding)
        if key not in self._posting:
            self._posting[key] = Box(url, kind=kind, encoding=encoding, seed=self._seed)
        return self._posting[key]


def _on_socket(event: dict[str, Any], device_id: str) -> dict[str, Any]:
    """The event as the WebSocket carries it (SE3 protocol, section 7, item 7)."""
    stranger = event["ext_data"]["person_type"] == STRANGER
    known = {} if stranger else {"face_ids": [event["identity_id"]], "image_id": event["identity_id"]}
    return event | {"device_id": device_id, "identity_info": known}

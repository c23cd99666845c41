"""A box's WebSocket, on which it serves its real-time events (SE3 protocol, section 7, item 7)."""

import json
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.server import Server, ServerConnection, serve

from app.errors import Se3Error

_REQUEST_SECONDS = 10.0
_QUIET = logging.getLogger(__name__)
_QUIET.setLevel(logging.CRITICAL)  # websockets reports whoever connects and speaks no WebSocket as an error
_WRONG_REQUEST = "the first message must be an object with need_face, need_register and event_list"


class BoxSocket:
    """Sends events to every client whose first message asked for them; can be started again after a stop."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """`port`: 0 takes a free one when it first starts, and keeps it."""
        self.requests: list[dict[str, Any]] = []
        self._host, self._port = host, port
        self._changed = threading.Condition()
        self._stopped = False
        self._open: set[ServerConnection] = set()
        self._asked: dict[ServerConnection, list[str]] = {}
        self._server: Server
        self._thread: threading.Thread

    @property
    def url(self) -> str:
        """Where it listens; with port 0 known once it has started."""
        return f"ws://{self._host}:{self._port}"

    def start(self) -> None:
        """Return once clients can connect.

        Raises:
            Se3Error: it can't listen there.
        """
        try:
            self._server = serve(
                self._serve, self._host, self._port, compression=None, close_timeout=2, logger=_QUIET
            )
        except OSError as error:
            raise Se3Error(f"The simulated box can't listen on {self.url}: {error.strerror}.") from error
        self._stopped = False
        self._port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="box-socket")
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end every connection."""
        self._server.shutdown()
        self._thread.join()
        with self._changed:
            self._stopped = True
            connections = list(self._open)
        for connection in connections:
            connection.close(CloseCode.GOING_AWAY)
        self._wait(lambda: not self._open, _REQUEST_SECONDS)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def send(self, event: dict[str, Any]) -> None:
        """Send an event, as one JSON message, to each client that asked for its device or named none."""
        for connection, devices in list(self._asked.items()):
            if not devices or event.get("device_id") in devices:
                with suppress(ConnectionClosed):
                    connection.send(json.dumps(event))

    def wait_for_clients(self, count: int, timeout: float) -> bool:
        """Wait at most `timeout` seconds until `count` clients have asked, and tell whether they have."""
        return self._wait(lambda: len(self._asked) == count, timeout)

    def _serve(self, connection: ServerConnection) -> None:
        with self._changed:
            self._open.add(connection)
            stopped = self._stopped  # between the handshake, which the client has seen, and here
        try:
            if stopped:
                connection.close(CloseCode.GOING_AWAY)
            else:
                self._hear(connection)
        except (ConnectionClosed, TimeoutError):
            connection.close()
        finally:
            with self._changed:
                self._open.discard(connection)
                self._asked.pop(connection, None)
                self._changed.notify_all()

    def _hear(self, connection: ServerConnection) -> None:
        """Hold a client that asks as it must until it goes; nothing it says later counts."""
        request = _parse(connection.recv(_REQUEST_SECONDS))
        if request is None:
            connection.close(CloseCode.POLICY_VIOLATION, _WRONG_REQUEST)
            return
        with self._changed:
            self.requests.append(request)
            self._asked[connection] = request["event_list"]
            self._changed.notify_all()
        for _ in connection:
            pass

    def _wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, timeout)


def _parse(message: str | bytes) -> dict[str, Any] | None:
    """The client's first message, None if it is not as the box demands it."""
    try:
        request = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(request, dict) or not isinstance(request.get("event_list"), list):
        return None
    flags = [request.get(name) for name in ("need_face", "need_register")]
    return request if all(isinstance(flag, bool) for flag in flags) else None

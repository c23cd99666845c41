"""A web server for boxes to post to."""

import queue
import sys
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Server(ThreadingHTTPServer):
    """Keeps each request as (path, headers, body) and answers all of them with `status` and `reply`.

    `first` has, for a path, statuses that come before `status`.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: queue.SimpleQueue[tuple[str, Message, bytes]] = queue.SimpleQueue()
        self.connections = 0
        self.status, self.reply = 200, b'{"status": 0, "message": "SUCCESS"}'
        self.first: dict[str, list[int]] = {}

    def next_status(self, path: str) -> int:
        try:
            return self.first[path].pop()
        except LookupError:
            return self.status

    def handle_error(self, *_: Any) -> None:
        """Say nothing of a client that left before its reply."""
        if not isinstance(sys.exception(), ConnectionError):
            raise


class Handler(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.put((self.path, self.headers, body))
        self.send_response(self.server.next_status(self.path))
        self.send_header("Content-Length", str(len(self.server.reply)))
        self.end_headers()
        self.wfile.write(self.server.reply)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()

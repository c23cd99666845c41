"""A box's own API, by which it is told where to send its reports: three paths, each read and set."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from app.errors import Se3Error

REALTIME_PATH = "/SophonFogSys/api/EventServerUrl"
HISTORY_PATH = "/SophonFogSys/api/HistoryEventUrl"
STATUS_PATH = "/SophonFogSys/api/MonitorServerUrl"

_DEFAULTS: dict[str, dict[str, Any]] = {
    REALTIME_PATH: {"event_server_url": [], "real_need_reg_pic": True, "content-type": "json"},
    HISTORY_PATH: {
        "history_upload_event_url": [],
        "history_need_reg_pic": True,
        "content-type": "json",
        "reported_peroid": 10,  # the API's own spelling
    },
    STATUS_PATH: {"monitor_server_url": "", "content-type": "json", "reported_peroid": 10},
}
_LONGEST_PERIOD = 20  # seconds
_STATUS_NAMES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND"}


class BoxApi:
    """Serves the API, and keeps in `settings`, by path, what it was told."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen from now on, and answer once started. `port`: 0 takes a free one.

        Raises:
            Se3Error: it can't listen there.
        """
        self.settings = {path: dict(default) for path, default in _DEFAULTS.items()}
        try:
            self._server = _Server(host, port, self.settings)
        except OSError as error:
            raise Se3Error(
                f"The simulated box can't listen on {host}:{port} for its API: {error.strerror}."
            ) from error
        self.address = f"{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="box-api")

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop for good."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


class _Server(ThreadingHTTPServer):
    def __init__(self, host: str, port: int, settings: dict[str, dict[str, Any]]) -> None:
        super().__init__((host, port), _Handler)
        self.settings = settings


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Give the settings of this path."""
        if self.path in self.server.settings:
            self._answer(200, {"data": self.server.settings[self.path]})
        else:
            self._refuse(404, "no such path")

    def do_POST(self) -> None:
        """Take new settings for this path; what is not told is as by default."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path not in self.server.settings:
            self._refuse(404, "no such path")
        elif fault := _fault(self.path, told := _parse(body)):
            self._refuse(400, fault)
        else:
            self.server.settings[self.path] = _DEFAULTS[self.path] | told
            self._answer(200, {"data": {}})

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _refuse(self, status: int, message: str) -> None:
        error = {"code": status, "message": message, "status": _STATUS_NAMES[status]}
        self._answer(status, {"error": error})

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _fault(path: str, told: dict[str, Any]) -> str:
    """What is wrong with these settings, "" if nothing is."""
    for name, default in _DEFAULTS[path].items():
        value = told.get(name, default if isinstance(default, bool) else None)
        if type(value) is not type(default):
            return f"{name} is missing or of a wrong type"
        if isinstance(value, list) and not all(isinstance(url, str) for url in value):
            return f"{name} is not a list of strings"
    if told["content-type"] not in (("json",) if path == STATUS_PATH else ("json", "form-data")):
        return "content-type is not supported"
    if not 1 <= told.get("reported_peroid", 1) <= _LONGEST_PERIOD:
        return f"reported_peroid is not from 1 to {_LONGEST_PERIOD}"
    return ""

"""Reads and sets by a box's own API where it sends its reports (SE3 protocol, section 1)."""

from typing import Any
from urllib.parse import urlsplit

import orjson
import urllib3

from app.boxes.reports import Report, ReportSettings
from app.errors import BoxError

PORT = 5555
_TIMEOUT_SECONDS = 10.0
_LONGEST_QUOTE = 200  # characters of what a box says that are passed on


class BoxSettings:
    """A box's API; each call is one request, without a login, for none is documented."""

    def __init__(self, host: str) -> None:
        """`host`: HOST or HOST:PORT; without a port it is 5555.

        Raises:
            BoxError: it is neither.
        """
        self._host = _with_port(host)
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=_TIMEOUT_SECONDS))

    def read(self, report: Report) -> ReportSettings:
        """How the box sends this report now.

        Raises:
            BoxError: the box does not answer, refuses, or answers something else.
        """
        data = self._request("GET", report, None)
        known = (report.urls, report.period, report.library_photos, "content-type")
        return ReportSettings(
            urls=_urls(data.get(report.urls)),
            content_type=str(data.get("content-type") or ""),
            period=data.get(report.period) if report.period else None,
            library_photos=data.get(report.library_photos, True) if report.library_photos else None,
            others={name: value for name, value in data.items() if name not in known},
        )

    def write(self, report: Report, settings: ReportSettings) -> None:
        """Have the box send this report so; whether it took that, only `read` tells.

        Raises:
            BoxError: as above.
        """
        urls = settings.urls[0] if report.single else list(settings.urls)
        body = settings.others | {report.urls: urls, "content-type": settings.content_type}
        if report.period:
            body[report.period] = settings.period
        if report.library_photos:
            body[report.library_photos] = settings.library_photos
        self._request("POST", report, orjson.dumps(body))

    def close(self) -> None:
        """Close the connection."""
        self._http.clear()

    def _request(self, method: str, report: Report, body: bytes | None) -> dict[str, Any]:
        """Send a request; returns the `data` of the answer."""
        url = f"http://{self._host}{report.api_path}"
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            response = self._http.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise BoxError(f"no box answers at {self._host}: {_cause(error)}") from None
        answer = _json_object(response.data)
        if refusal := answer.get("error"):
            raise BoxError(f"the box refuses the settings for {report.name}: {_said(refusal)}")
        data = answer.get("data")
        if response.status != 200 or not isinstance(data, dict):
            raise BoxError(f"what answers at {url} is no box's API (HTTP status {response.status})")
        return data


def _with_port(host: str) -> str:
    try:
        parts = urlsplit(f"//{host}")
        fits = parts.hostname and parts.netloc == host and "@" not in host
        port = parts.port
    except ValueError:
        fits = False
    if not fits:
        raise BoxError(f"{host!r} is no box's address; it must look like 192.168.1.50 or 192.168.1.50:{PORT}")
    return host if port else f"{host}:{PORT}"


def _urls(value: Any) -> tuple[str, ...]:
    """The addresses, whether the box names one or a list; an empty one means none."""
    return tuple(str(url) for url in (value if isinstance(value, list) else [value]) if url)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:  # anything may stand at this address
        return {}
    return value if isinstance(value, dict) else {}


def _said(refusal: Any) -> str:
    """A box's own words, without what a terminal would take for commands."""
    known = isinstance(refusal, dict)
    words = f"{refusal.get('message')} (code {refusal.get('code')})" if known else str(refusal)
    return "".join(c for c in words[:_LONGEST_QUOTE] if c.isprintable())


def _cause(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # one of TimeoutError's kind
        return str(error).rpartition(": ")[2]
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return f"nothing came within {_TIMEOUT_SECONDS:g} s"
    return str(error)

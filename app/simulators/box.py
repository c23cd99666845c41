"""A simulated SE3 box: makes events and posts them to a receiver."""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import urllib3

from app.domain.events import Kind
from app.errors import Se3Error
from app.simulators.encodings import ENCODINGS, encode
from app.simulators.people import STRANGER, roster
from app.simulators.results import Result, read_result
from app.simulators.sightings import FORMS, Sighting, make_event

__all__ = ["ENCODINGS", "FORMS", "Box", "Result"]

_PATHS = {Kind.HISTORY: "/HistoryEvent", Kind.REALTIME: "/RealTimeEvent"}
_TIMEOUTS = {Kind.HISTORY: 10.0, Kind.REALTIME: 0.5}


class Box:
    """One box with one gate; for use by one thread, except `stop`."""

    def __init__(
        self,
        url: str,
        *,
        form: str = "v2r4",
        encoding: str = "json",
        kind: Kind = Kind.HISTORY,
        people: int = 8,
        seed: int = 1,
        timeout: float | None = None,
    ) -> None:
        """`url`: where to post; without a path, the contract's path for `kind` is added.

        `form`, `encoding`: one of FORMS, of ENCODINGS. `people`: how many different ones pass by. `seed`
        gives the box its licence code and address and decides who passes when: boxes of different seeds are
        different boxes. `timeout`: seconds for one post; None means 10 for history, and for real-time the
        0.5 of a real box (SE3 protocol, section 1).

        Raises:
            Se3Error: the URL is not an http or https URL.
        """
        self.url = _endpoint(url, kind)
        self.dev_sno = f"SIM{seed:05}"
        self.device_ip = f"192.168.{1 + seed // 250 % 250}.{1 + seed % 250}"
        self._form, self._encoding, self._kind = form, encoding, kind
        self._people = roster(people)
        self._random = random.Random(seed)  # noqa: S311 - it decides who walks by, not a secret
        self._sequence, self._last_timestamp = itertools.count(1), 0
        self._pool = urllib3.PoolManager(timeout=_TIMEOUTS[kind] if timeout is None else timeout)
        self._stopping = threading.Event()

    def next_event(self) -> dict[str, Any]:
        """Give the next event; its time in ms is now, and later than that of every one before."""
        self._last_timestamp = max(time.time_ns() // 1_000_000, self._last_timestamp + 1)
        person = self._random.choice(self._people)
        least = 0.05 if person.person_type == STRANGER else 0.8
        likeness = self._random.uniform(least, least + 0.19)
        sighting = Sighting(
            person, next(self._sequence), self._last_timestamp, likeness, self.dev_sno, self.device_ip
        )
        return make_event(sighting, self._form, self._kind)

    def post(self, event: dict[str, Any]) -> Result:
        """Post this event once, without a retry; a network failure is a Result too."""
        body, headers = encode(event, self._encoding)
        started = time.monotonic()
        try:
            response = self._pool.request("POST", self.url, body=body, headers=headers, retries=False)
        except urllib3.exceptions.HTTPError as error:
            return Result(None, time.monotonic() - started, reason=str(error))
        return read_result(response.status, response.data, time.monotonic() - started)

    def post_one(self) -> Result:
        """Post the next event."""
        return self.post(self.next_event())

    def run(self, count: int | None = None, rate: float | None = None) -> Iterator[Result]:
        """Post `count` events (None: until `stop`) at `rate` a second (None: at once), and give each result.

        The schedule is fixed when the first event goes out: after a slow answer the box catches up.
        """
        started = time.monotonic()
        for number in itertools.count() if count is None else range(count):
            due = started + number / rate if rate else started
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            yield self.post_one()

    def stop(self) -> None:
        """End `run` before its next event; any thread may call this."""
        self._stopping.set()

    def close(self) -> None:
        """Close the connection; the box can still post, over a new one."""
        self._pool.clear()


def _endpoint(url: str, kind: Kind) -> str:
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 0) >= 0
    except ValueError:
        fits = False
    if not fits:
        raise Se3Error(f"{url!r} is not an address to post to; it must look like http://host:9528")
    return (parts._replace(path=_PATHS[kind]) if parts.path in ("", "/") else parts).geturl()

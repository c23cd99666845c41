"""A simulated SE3 box: makes events or status reports and posts them to a receiver."""

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any, Final, Literal

from app.domain.events import Kind
from app.simulators.encodings import ENCODINGS, encode
from app.simulators.gate import Gate
from app.simulators.history import History
from app.simulators.posting import Poster, endpoint
from app.simulators.results import Result
from app.simulators.seen import Sighting
from app.simulators.sightings import FORMS, make_event
from app.simulators.status import make_status

__all__ = ["ENCODINGS", "FORMS", "PATHS", "STATUS", "Box", "Result"]

STATUS: Final = "status"
PATHS = {Kind.HISTORY: "/HistoryEvent", Kind.REALTIME: "/RealTimeEvent", STATUS: "/DeviceStatus"}
"""Where a receiver takes each kind of post (SE3 protocol, section 1)."""
_TIMEOUTS = {Kind.HISTORY: 10.0, Kind.REALTIME: 0.5, STATUS: 10.0}


class Box:
    """One box with one gate; for use by one thread, except `stop`."""

    def __init__(
        self,
        url: str,
        *,
        form: str = "v2r4",
        encoding: str = "json",
        kind: Kind | Literal["status"] = Kind.HISTORY,
        people: int = 8,
        seed: int = 1,
        timeout: float | None = None,
        lost_replies: float = 0.0,
    ) -> None:
        """`url`: where to post; without a path, the contract's path for `kind` is added.

        `form`, `encoding`: one of FORMS, of ENCODINGS. `people`: how many different ones pass by. Boxes of
        different `seed` are different boxes; it decides also who passes and which replies are lost.
        `timeout`: seconds for one post; None means 10, and for real-time the 0.5 of a real box (SE3 protocol,
        section 1). `lost_replies`: the fraction of posts whose reply the box does not read, below 1.

        Raises:
            Se3Error: the URL is not an http or https URL.
        """
        self.url = endpoint(url, PATHS[kind])
        self.gate = Gate(people, seed)
        self._form, self._encoding, self._kind = form, encoding, kind
        self._poster = Poster(_TIMEOUTS[kind] if timeout is None else timeout, lost_replies, seed)
        self._history = History()
        self._reports = itertools.count(1)
        self._stopping = threading.Event()

    def event(self, sighting: Sighting, kind: Kind) -> dict[str, Any]:
        """Give this box's history or real-time copy of a sighting at its gate."""
        return make_event(sighting, self._form, kind)

    def next_document(self) -> dict[str, Any]:
        """Give the event of the gate's next sighting or, from a box of kind STATUS, the next report."""
        if self._kind == STATUS:
            return make_status(self.gate, self._form, next(self._reports))
        return self.event(self.gate.next_sighting(), Kind(self._kind))

    def post(self, document: dict[str, Any]) -> Result:
        """Post this document once, without a retry; a network failure is a Result too."""
        return self._poster.post(self.url, encode(document, self._encoding))

    def post_one(self) -> Result:
        """Post the next document."""
        return self.post(self.next_document())

    def run(self, count: int | None = None, rate: float | None = None, burst: int = 1) -> Iterator[Result]:
        """Make `count` documents (None: until `stop`), `rate` a second (None: at once), and give each result.

        The schedule is fixed when the first is made: after a slow answer the box catches up. History is
        posted in rounds, one after every `burst` events (at most ROUND), and an event whose reply was lost
        comes again in a later round, until it is answered. Nothing else is posted twice (SE3 protocol,
        section 1).
        """
        for number in self._schedule(count, rate):
            if self._kind is not Kind.HISTORY:
                yield self.post_one()
                continue
            self._history.add(self.gate.next_sighting())
            if number % burst == 0:
                yield from self._post_round()
        while self._history.waiting and not self._stopping.is_set():
            yield from self._post_round()

    def stop(self) -> None:
        """End `run` before its next post; any thread may call this."""
        self._stopping.set()

    def close(self) -> None:
        """Close the connection; the box can still post, over a new one."""
        self._poster.close()

    def _schedule(self, count: int | None, rate: float | None) -> Iterator[int]:
        """Count from 1, each number when it is due, until `stop`."""
        started = time.monotonic()
        for number in itertools.count() if count is None else range(count):
            due = started + number / rate if rate else started
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            yield number + 1

    def _post_round(self) -> Iterator[Result]:
        for sighting in self._history.next_round():
            if self._stopping.is_set():
                return
            result = self.post(self.event(sighting, Kind.HISTORY))
            if result.lost:
                self._history.post_again(sighting)
            yield result

"""One box of a simulated site: both copies of each sighting, and reports, in encodings that change."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Literal

from app.domain.events import Kind
from app.errors import Se3Error
from app.simulators.box import PATHS, STATUS
from app.simulators.encodings import LOSSLESS, encode
from app.simulators.gate import Gate
from app.simulators.history import History
from app.simulators.posting import Poster, endpoint
from app.simulators.results import Result
from app.simulators.seen import Sighting
from app.simulators.sightings import make_event
from app.simulators.status import make_status

_TIMEOUT_SECONDS = 10.0  # for real-time too: what is never sent again is not to be cut off on its way
_SIGHTINGS_A_REPORT = 10
_ROUND_CHANCE = 0.2  # after each sighting: history comes late, and several at a time
_PAUSE_SECONDS = 0.2  # before history is posted again to a receiver in trouble
_PATIENCE_SECONDS = 30.0  # with such a receiver


class SiteBox:
    """One box with one gate; for use by one thread, except `stop`.

    `sightings` and `results` hold what happened and what became of each post; `refused` has a reason for
    each post that the receiver refused for good.
    """

    def __init__(self, url: str, form: str, lost_replies: float, seed: int) -> None:
        """`form`: one of FORMS; the others are those of `Site`."""
        self.sightings: list[Sighting] = []
        self.results: list[Result] = []
        self.refused: list[str] = []
        self._url, self._form = url, form
        self._gate, self._history = Gate(seed=seed), History()
        self._poster = Poster(_TIMEOUT_SECONDS, lost_replies, seed)
        self._random = random.Random(f"site {seed}")  # noqa: S311 - no secret
        self._stopping = threading.Event()
        self._answered_at: float
        self._on_settled: Callable[[], None]

    def run(self, sightings: int, on_settled: Callable[[], None]) -> None:
        """See so many people, post both copies of each, then the whole history once more; or until `stop`.

        `on_settled` is called for each post of an event that need not be repeated.

        Raises:
            Se3Error: the receiver can't be reached, or takes no history for _PATIENCE_SECONDS.
        """
        self._answered_at, self._on_settled = time.monotonic(), on_settled
        with closing(self._poster):
            self._start()
            self._watch(sightings)
            self._post_history()
            self._history.rewind()
            self._post_history()

    def stop(self) -> None:
        """End `run` before its next post of history or sighting; any thread may call this."""
        self._stopping.set()

    def _start(self) -> None:
        """Report for the first time, which shows whether there is a receiver at all."""
        result = self._report(0)
        if result.status is None and not result.lost:
            raise Se3Error(f"{self._url} does not answer: {result.reason}")

    def _watch(self, sightings: int) -> None:
        for number in range(1, sightings + 1):
            if self._stopping.is_set():
                return
            self._see()
            if number % _SIGHTINGS_A_REPORT == 0:
                self._report(number)
            if self._random.random() < _ROUND_CHANCE:
                self._post_round()

    def _report(self, number: int) -> Result:
        return self._post_once(STATUS, make_status(self._gate, self._form, number), "json")

    def _see(self) -> None:
        sighting = self._gate.next_sighting()
        self.sightings.append(sighting)
        self._history.add(sighting)
        self._post_once(Kind.REALTIME, make_event(sighting, self._form, Kind.REALTIME), self._any_encoding())
        self._on_settled()

    def _post_history(self) -> None:
        while self._history.waiting and not self._stopping.is_set():
            self._post_round()

    def _post_round(self) -> None:
        """Post one round; where the receiver is in trouble, leave the rest of it to the next."""
        sightings = iter(self._history.next_round())
        for sighting in sightings:
            result = self._post_history_copy(sighting)
            if self._stopping.is_set():
                return
            if self._is_in_trouble(result):
                for left in sightings:
                    self._history.post_again(left)
                self._rest(result)

    def _post_history_copy(self, sighting: Sighting) -> Result:
        event = make_event(sighting, self._form, Kind.HISTORY)
        result = self._post(Kind.HISTORY, event, self._any_encoding())
        if result.lost or self._is_in_trouble(result):
            self._history.post_again(sighting)
            return result
        self._answered_at = time.monotonic()
        self._settle(result)
        self._on_settled()
        return result

    def _rest(self, result: Result) -> None:
        if time.monotonic() - self._answered_at > _PATIENCE_SECONDS:
            raise Se3Error(f"{self._url} took no history for {_PATIENCE_SECONDS:.0f} s: {result.reason}")
        self._stopping.wait(_PAUSE_SECONDS)

    def _post_once(self, kind: Kind | Literal["status"], document: dict[str, Any], encoding: str) -> Result:
        result = self._post(kind, document, encoding)
        self._settle(result)
        return result

    def _settle(self, result: Result) -> None:
        if result.status != 200 and not result.lost:
            self.refused.append(result.reason)

    def _post(self, kind: Kind | Literal["status"], document: dict[str, Any], encoding: str) -> Result:
        url = endpoint(self._url, PATHS[kind])
        result = self._poster.post(url, encode(document, encoding))
        self.results.append(result)
        return result

    def _any_encoding(self) -> str:
        return self._random.choice(LOSSLESS)

    @staticmethod
    def _is_in_trouble(result: Result) -> bool:
        return result.status in (None, 503) and not result.lost

"""Boxes that post all the time, each event with a time and a picture of its own."""

import hashlib
import io
import itertools
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from typing import Any

from PIL import Image

from app.domain.events import Kind
from app.simulators.box import PATHS
from app.simulators.encodings import encode
from app.simulators.gate import Gate
from app.simulators.posting import Poster
from app.simulators.sightings import make_event

BOXES = 8
RATE = 100.0  # events a second, of all boxes together
_KINDS = (Kind.HISTORY, Kind.REALTIME)
_TIMEOUT_SECONDS = 5.0
_AGAIN_SECONDS = 0.1


class Load:
    """What was posted, and what was acknowledged, by the times of the events; a time is an event's name."""

    def __init__(self, url: str) -> None:
        """`url`: the receiver's. Nothing is posted before `start`."""
        self._url = url
        self._numbers = itertools.count(time.time_ns() // 1_000_000 - 3_600_000)  # an hour ago: all plausible
        self._ended = threading.Event()
        self._acknowledged: set[str] = set()
        self._posted = 0
        self._boxes = [
            threading.Thread(target=self._post, args=(seed,), daemon=True) for seed in range(BOXES)
        ]

    @property
    def acknowledged(self) -> frozenset[str]:
        """All that were acknowledged by now."""
        return frozenset(self._acknowledged)

    @property
    def count(self) -> int:
        """How many these are."""
        return len(self._acknowledged)

    @property
    def posted(self) -> int:
        """How many events were posted, those without an acknowledgement included."""
        return self._posted

    def start(self) -> None:
        """Begin to post."""
        for box in self._boxes:
            box.start()

    def end(self) -> None:
        """Post nothing more, and wait for the answers."""
        self._ended.set()
        for box in self._boxes:
            box.join()

    def _post(self, seed: int) -> None:
        poster, sighting = Poster(_TIMEOUT_SECONDS), Gate(seed=seed + 1).next_sighting()
        documents = [make_event(sighting, "v2r1", kind) for kind in _KINDS]
        for turn in self._turns():
            number = next(self._numbers)
            self._posted += 1
            document = unique(documents[turn % 2], number)
            self._post_one(poster, _KINDS[turn % 2], str(number), document)
        poster.close()

    def _post_one(self, poster: Poster, kind: Kind, name: str, document: dict[str, Any]) -> None:
        """Real-time events are posted once, history until it is acknowledged (SE3 protocol, section 1)."""
        request = encode(document, "json")
        while poster.post(self._url + PATHS[kind], request).status != 200:
            if kind is Kind.REALTIME or self._ended.wait(_AGAIN_SECONDS):
                return
        self._acknowledged.add(name)

    def _turns(self) -> Iterator[int]:
        """Count, each number when it is due, until the end; what is late is left out."""
        for turn in itertools.count():
            yield turn
            if self._ended.wait(BOXES / RATE):
                return


def unique(document: dict[str, Any], number: int) -> dict[str, Any]:
    """The event with `number` as its time, and with one picture, which is its own."""
    ext_data = document["ext_data"] | {"spot_pic": b64encode(picture(number)).decode()}
    return document | {"timestamp": number, "reg_pic": "", "ext_data": ext_data}


def picture(number: int) -> bytes:
    """A small picture that no other number has."""
    return _jpeg() + str(number).encode()  # whoever shows a JPEG reads to its end mark and no further


def picture_hash(name: str) -> bytes:
    """The SHA-256 of an event's picture."""
    return hashlib.sha256(picture(int(name))).digest()


@cache
def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((96, 96)).save(file, "JPEG")
    return file.getvalue()

"""The requests that are posted: events of the contract with two pictures, no two alike."""

import base64
import functools
import json
import random
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from app.config import ROOT
from app.simulators.encodings import encode

PATH = "/HistoryEvent"

_SAMPLE = ROOT / "tests/payloads/history-contract.json"
_FIRST_TIMESTAMP = 1_700_000_000_000  # ms
_PHOTOS = 200  # people, each with one photo that comes again and again
_PHOTO_BYTES = 15_000
_SCENE_BYTES = 51_000
_MARK_PLACE = 4000  # in the scene's base64, behind the JPEG's first bytes

# What stands in the encoded event where each request differs. All are made of base64's letters and digits.
_PHOTO, _MARK, _TIMESTAMP = "TheLibraryPhoto", "TheSceneMark", 8_765_432_109_876
_VARYING = {_PHOTO: b"photo", _MARK: b"mark", str(_TIMESTAMP): b"timestamp"}


class Template:
    """Makes whole HTTP requests of about 90 KB, each with a new scene and one of 200 library photos.

    A number makes the same event in any encoding; another number makes another. The scene differs in the 9
    bytes that 12 digits of base64 stand for, which costs the client nothing and changes its hash.
    """

    def __init__(self, encoding: str) -> None:
        """`encoding`: one of `app.simulators.encodings` that a box's content-type setting may bring."""
        body, headers = encode(_event(), encoding)
        self.photos = [_as_in(encoding, photo) for photo in _library()]
        self.head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: {headers['Content-Type']}\r\nContent-Length: "
        ).encode()
        self.pieces = _cut(body)

    def request(self, number: int) -> bytes:
        """Make the request of this number, from 0 to 999,999,999,999."""
        values = {
            b"photo": self.photos[number % _PHOTOS],
            b"mark": b"%012d" % number,
            b"timestamp": b"%d" % (_FIRST_TIMESTAMP + number),
        }
        body = b"".join([values.get(piece, piece) for piece in self.pieces])
        return b"%b%d\r\n\r\n%b" % (self.head, len(body), body)

    def write(self, folder: Path) -> None:
        r"""Write the files `head`, `body` with \0 between its pieces, and `photos`, for post.lua."""
        (folder / "head").write_bytes(self.head)
        (folder / "body").write_bytes(b"\0".join(self.pieces))
        (folder / "photos").write_bytes(b"\n".join(self.photos))


def _event() -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(_SAMPLE.read_bytes())
    scene = _picture(random.Random(0), _SCENE_BYTES)
    scene = scene[:_MARK_PLACE] + _MARK + scene[_MARK_PLACE + len(_MARK) :]
    ext_data = sample["ext_data"] | {"spot_pic": scene}
    return sample | {"reg_pic": _PHOTO, "timestamp": _TIMESTAMP, "ext_data": ext_data}


@functools.cache
def _library() -> list[str]:
    rng = random.Random(1)
    return [_picture(rng, _PHOTO_BYTES) for _ in range(_PHOTOS)]


def _picture(rng: random.Random, size: int) -> str:
    """A JPEG's first bytes and then noise, which packs as badly as a real photo; `size` in bytes."""
    return base64.b64encode(b"\xff\xd8\xff" + rng.randbytes(size - 3)).decode()


def _as_in(encoding: str, photo: str) -> bytes:
    return (quote_plus(photo) if encoding == "urlencoded" else photo).encode()


def _cut(body: bytes) -> list[bytes]:
    pieces = re.split("|".join(_VARYING).join("()").encode(), body)
    return [_VARYING.get(piece.decode(), piece) if place % 2 else piece for place, piece in enumerate(pieces)]

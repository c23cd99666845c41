"""Makes pictures of faces comparable: read with care, for whoever reaches the receiver can send one."""

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

import structlog
from PIL import Image

from app.domain.likeness import Likeness
from app.errors import NotDecrypted
from app.store import likenesses, pictures
from app.store.database import Database

_SECONDS = 0.1  # that one page spends on pictures nobody has compared yet: it is to come at once
_MOST_BYTES = 2**20
_MOST_PIXELS = 4_000_000
_MOST_SCANS = 64  # of a JPEG; each makes the decoder go through the whole picture
_SCAN = b"\xff\xda"

_GRID = (3, 4)  # columns and rows; down the middle one are hair, forehead, chin and collar
_MIDDLE = range(1, 12, 3)
_BRIGHTNESS = (90, 150)
_COLOUR = (93, 105, 116, 128, 139, 150, 161)  # grey is 128
_EDGES = (9, 8)  # columns and rows: 64 pairs of neighbours
_DARKER = 4  # of 255; less is the camera's noise

log = structlog.get_logger(__name__)


def likenesses_of(database: Database, sha256s: Sequence[bytes]) -> dict[bytes, Likeness | None]:
    """What these pictures are compared by; None for one that can't be.

    What nobody has asked for yet is worked out and kept, as much as is done in a moment: the rest is missing.
    """
    with database.read() as connection:
        known = likenesses.of_pictures(connection, sha256s)
    new = dict(_worked_out(database, [sha256 for sha256 in dict.fromkeys(sha256s) if sha256 not in known]))
    if new:
        with database.write() as connection:
            likenesses.keep(connection, new)
    return known | new


def likeness_of(content: bytes) -> Likeness | None:
    """What a JPEG is compared by; None if it can't be read, or is larger than the picture of a face is."""
    if len(content) > _MOST_BYTES or content.count(_SCAN) > _MOST_SCANS:
        return None
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            picture.draft("YCbCr", (64, 64))  # decoded in a fraction of its size, if it is large
            small = picture.convert("YCbCr")
    except Exception as error:  # noqa: BLE001 - Pillow has no common one for what is broken
        log.info("face_not_readable", reason=type(error).__name__)
        return None
    return Likeness(_number(_colours(small)), _number(_shades(small)))


def _worked_out(database: Database, sha256s: Sequence[bytes]) -> Iterator[tuple[bytes, Likeness | None]]:
    end = time.monotonic() + _SECONDS
    for sha256 in sha256s:
        with suppress(NotDecrypted), database.read() as connection:  # once its key is back it can be compared
            if picture := pictures.get(connection, sha256):
                yield sha256, likeness_of(picture.content)
        if time.monotonic() > end:
            return


def _colours(picture: Image.Image) -> Iterator[bool]:
    """How bright and of which colour each part is: the further two are apart, the more bits differ."""
    values = picture.resize(_GRID, Image.Resampling.BOX).tobytes()
    for part in _MIDDLE:
        for value, levels in zip(
            values[3 * part : 3 * part + 3], (_BRIGHTNESS, _COLOUR, _COLOUR), strict=True
        ):
            yield from (value > level for level in levels)


def _shades(picture: Image.Image) -> Iterator[bool]:
    """Where it gets darker from left to right."""
    values = picture.getchannel(0).resize(_EDGES, Image.Resampling.BOX).tobytes()
    columns, rows = _EDGES
    for row in range(rows):
        line = values[row * columns : (row + 1) * columns]
        yield from (left > right + _DARKER for left, right in pairwise(line))


def _number(bits: Iterator[bool]) -> int:
    return int("".join("01"[bit] for bit in bits), 2)

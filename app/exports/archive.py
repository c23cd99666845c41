"""Events as a ZIP, with their pictures."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice

from app.errors import NotDecrypted
from app.exports.lines import csv_lines, json_line
from app.exports.rows import Read, Row, rows
from app.receiver.replies import safe_type
from app.store import pictures
from app.store.event_search import Search

MOST_EVENTS = 10_000
"""Events in one ZIP, so that it is some gigabytes at most."""

_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}


class _Pieces(io.RawIOBase):
    """What was written since it was last taken: ZipFile writes, the response takes."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # RawIOBase allows any buffer; ZipFile has bytes
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def zip_file(
    read: Read, search: Search, *, is_whole: bool = False, others: Iterable[tuple[str, bytes]] = ()
) -> Iterator[bytes]:
    """The newest events as `events.jsonl` and `events.csv`, and each picture once, named by its SHA-256.

    At most MOST_EVENTS of them, unless `is_whole`. `others`: names and contents of more files.
    In the place of a picture that can't be decrypted is a text that says why.
    """
    pieces = _Pieces()
    found: list[Row] = []
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed already
        with archive.open("events.jsonl", "w", force_zip64=True) as file:
            for row in islice(rows(read, search), None if is_whole else MOST_EVENTS):
                file.write(json_line(row).encode())
                found.append(row | {"document": None})  # it may be large, and the CSV has no use for it
                yield pieces.take()
        archive.writestr("events.csv", "".join(csv_lines(found)))
        for sha256 in dict.fromkeys(picture["sha256"] for row in found for picture in row["pictures"]):
            _add_picture(archive, read, sha256)
            yield pieces.take()
        for name, content in others:
            archive.writestr(name, content)
            yield pieces.take()
    yield pieces.take()


def _add_picture(archive: zipfile.ZipFile, read: Read, sha256: str) -> None:
    try:
        with read() as connection:
            picture = pictures.get(connection, bytes.fromhex(sha256))
    except NotDecrypted as error:
        archive.writestr(f"pictures/{sha256}.txt", f"The picture can't be decrypted: {error}.\n")
        return
    if picture is not None:  # it may have been deleted meanwhile
        ending = _ENDINGS.get(safe_type(picture.media_type), "")
        archive.writestr(f"pictures/{sha256}{ending}", picture.content)

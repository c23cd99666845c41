"""A refused body as lines, each with what is wrong at its place."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from flask_babel import gettext

from app import jsontext
from app.domain.pointers import pointer
from app.errors import Problem
from app.receiver.body.form_keys import steps
from app.receiver.refused.opening import FormBody, JsonBody, Opened, TextBody
from app.receiver.refused.shortening import length_of, shortened

MOST_LINES = 1000  # of what nothing is wrong with
_LONGEST_VALUE = 500  # characters
_LONGEST_TEXT = 10_000  # before the parser stopped, and behind it
_MOST_BYTES = 512
_BYTES_A_LINE = 16


class Line(NamedTuple):
    """A line of a body, with what is wrong there."""

    text: str
    faults: Sequence[str] = ()


def lines_of(opened: Opened, problems: Sequence[Problem]) -> list[Line]:
    """A body's lines, pictures shortened; a problem that concerns all of the body is in none of them."""
    placed = [problem for problem in problems if problem.pointer]
    if isinstance(opened, JsonBody):
        printer = _JsonPrinter(placed)
        printer.add(opened.value)
        return printer.lines
    if isinstance(opened, FormBody):
        return _form_lines(opened, placed)
    return _text_lines(opened) if isinstance(opened, TextBody) else _byte_lines(opened.content)


class _JsonPrinter:
    """Writes JSON in lines. Once there are too many, only what leads to a fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.lines: list[Line] = []
        self._faults: dict[str, list[str]] = {}
        for problem in problems:
            self._faults.setdefault(problem.pointer, []).append(problem.detail)

    def add(self, value: Any, place: str = "", depth: int = 0, name: str = "", comma: str = "") -> None:
        faults = self._faults.pop(place, [])
        if not isinstance(value, dict | list):
            self._line(depth, f"{name}{_scalar(value)}{comma}", faults)
            return
        first, last = "{}" if isinstance(value, dict) else "[]"
        if not value and not self._inside(place):
            self._line(depth, f"{name}{first}{last}{comma}", faults)
            return
        self._line(depth, name + first, faults)
        self._add_inner(value, place, depth + 1)
        self._line(depth, last + comma)

    def _add_inner(self, value: dict[str, Any] | list[Any], place: str, depth: int) -> None:
        left_out = 0
        pairs: Iterable[tuple[str | int, Any]] = (
            value.items() if isinstance(value, dict) else enumerate(value)
        )
        for number, (step, inner) in enumerate(pairs, start=1):
            where = place + pointer(step)
            if len(self.lines) > MOST_LINES and where not in self._faults and not self._inside(where):
                left_out += 1
                continue
            name = f"{jsontext.dump(step)}: " if isinstance(value, dict) else ""
            self.add(inner, where, depth, name, "," if number < len(value) else "")
        if left_out:
            self._line(depth, f"… {left_out}")
        for missing in self._inside(place):
            self._line(depth, missing[len(place) + 1 :], self._faults.pop(missing))

    def _inside(self, place: str) -> list[str]:
        """The faults that were not shown yet, below `place`."""
        return [fault for fault in self._faults if fault.startswith(place + "/")]

    def _line(self, depth: int, text: str, faults: Sequence[str] = ()) -> None:
        self.lines.append(Line("  " * depth + text, faults))


def _form_lines(opened: FormBody, problems: Sequence[Problem]) -> list[Line]:
    places = [pointer(*steps(name)) for name, _ in opened.fields]
    faults: dict[int, list[str]] = {}
    missing = []
    for problem in problems:
        index = _field_of(problem.pointer, places)
        if index is None:
            missing.append(Line(problem.pointer.lstrip("/"), [problem.detail]))
        else:
            faults.setdefault(index, []).append(problem.detail)
    lines = [
        Line(f"{name} = {_cut(_form_value(value))}", faults.get(index, []))
        for index, (name, value) in enumerate(opened.fields)
    ]
    return lines + missing


def _field_of(fault: str, places: Sequence[str]) -> int | None:
    """The field at a fault's place, or with it inside, or inside it."""
    for index, place in enumerate(places):
        if fault == place or fault.startswith(place + "/") or place.startswith(fault + "/"):
            return index
    return None


def _form_value(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return str(gettext("<%(number)d bytes>", number=len(value)))
    return shortened(value, length_of, in_form=True)


def _text_lines(opened: TextBody) -> list[Line]:
    stop = opened.stopped_at
    if stop is None:
        return [Line(_cut(shortened(opened.text, length_of), _LONGEST_TEXT))]
    before, behind = (shortened(part, length_of) for part in (opened.text[:stop], opened.text[stop:]))
    stopped = gettext("Reading stopped here, at byte %(byte)d.", byte=opened.stopped_at_byte)
    if len(before) > _LONGEST_TEXT:
        before = "…" + before[-_LONGEST_TEXT:]
    return [Line(before, [stopped]), Line(_cut(behind, _LONGEST_TEXT))]


def _byte_lines(content: bytes) -> list[Line]:
    return list(_hex_lines(content[:_MOST_BYTES])) + ([Line("…")] if len(content) > _MOST_BYTES else [])


def _hex_lines(content: bytes) -> Iterator[Line]:
    for start in range(0, len(content), _BYTES_A_LINE):
        part = content[start : start + _BYTES_A_LINE]
        readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        yield Line(f"{start:04x}  {part.hex(' '):<{3 * _BYTES_A_LINE}} {readable}")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return jsontext.dump(_cut(shortened(value, length_of, in_form=True)))
    return _cut(jsontext.dump(value))


def _cut(text: str, most: int = _LONGEST_VALUE) -> str:
    return text if len(text) <= most else f"{text[:most]}…"

"""What a client has sent of its next request: collected until it is whole, so that no thread waits for it."""

import io
import re
from enum import Enum
from threading import Lock

from gunicorn.http.unreader import Unreader

MOST_HEAD_BYTES = 65536
_PIECE_BYTES = 131072  # of a body; read whole at once, gunicorn would copy what is left with each piece
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d+)[ \t]*\r?\n", re.IGNORECASE)
_MOST_DIGITS = 20  # a length with more is too long anyway
_CHUNKED = re.compile(rb"\ntransfer-encoding:[^\n]*chunked[ \t]*\r?\n", re.IGNORECASE)
_CONTINUE = re.compile(rb"\nexpect:[ \t]*100-continue", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})(?:[ \t;][^\r\n]{0,255})?\r\n")
_LONGEST_CHUNK_LINE = 275  # bytes: more than the above matches
_MOST_TRAILER_BYTES = 8192
_FEW_CHUNKS = 1000
_LEAST_CHUNK_BYTES = 64  # on average, of more than a few


class State(Enum):
    """How far a request has come."""

    PARTIAL = "more of it is to come"
    WHOLE = "nothing of it is missing"
    HOPELESS = "it is too large or ill-formed: what came is enough to refuse it"
    HEAD_TOO_LARGE = "no end of its head is in sight"


class Held:
    """How many bytes are held, of all connections together."""

    def __init__(self) -> None:
        """Nothing."""
        self.bytes = 0
        self._lock = Lock()

    def add(self, number: int) -> None:
        """Count so many bytes more, or less."""
        with self._lock:
            self.bytes += number


class Incoming(Unreader):  # type: ignore[misc]  # gunicorn is untyped
    """The bytes of one connection. gunicorn's parser reads from here, and finds the end where they end.

    What it looks for is only where a request ends; whether it is a good one, the parser says.
    """

    def __init__(self, most_bytes: int, in_all: Held) -> None:
        """A request of more than `most_bytes` is not collected whole; `in_all` counts what is held."""
        super().__init__()
        self._most_bytes = most_bytes
        self._in_all = in_all
        self._held = bytearray()
        self._head_bytes = 0
        self._end = 0  # of the request; of one in chunks, of those that were looked at
        self._chunks = 0  # that were looked at, those that had not come whole again each time
        self._is_chunked = False
        self._start_anew()

    @property
    def size(self) -> int:
        """How many bytes are held."""
        return len(self._held)

    def add(self, piece: memoryview) -> State:
        """Take what came in; returns how far the request has come by it."""
        self._held += piece
        self._in_all.add(len(piece))
        return self.look()

    def look(self) -> State:
        """How far the request has come."""
        if not self._head_bytes and not self._find_head():
            self.state = State.HEAD_TOO_LARGE if len(self._held) > MOST_HEAD_BYTES else State.PARTIAL
        elif self._is_chunked:
            self.state = self._state_of_chunks()
        elif self._end > self._most_bytes:
            self.state = State.HOPELESS
        else:
            self.state = State.WHOLE if len(self._held) >= self._end else State.PARTIAL
        return self.state

    @property
    def has_head(self) -> bool:
        """Whether the request's head has come whole."""
        return self._head_bytes > 0

    @property
    def was_read(self) -> bool:
        """Whether the parser read the request whole, and ended where it ends by what is looked for here."""
        return self.state is State.WHOLE and self._parser_at == self._end

    def take_body(self, length: int) -> io.BytesIO | None:
        """The body that the parser is about to read, of which it says that it has this length in bytes.

        The parser itself would copy it six times over. None: it has to read it, for it has not come whole.
        """
        start, end = self._parser_at, self._parser_at + length
        if self.state is not State.WHOLE or self._is_chunked or (start, end) != (self._head_bytes, self._end):
            return None
        self._read_to, self.buf = end, io.BytesIO()
        with memoryview(self._held) as held:
            return io.BytesIO(bytes(held[start:end]))

    @property
    def _parser_at(self) -> int:
        """What it has taken and put back is still to be read."""
        return self._read_to - int(self.buf.getbuffer().nbytes)

    @property
    def has_more(self) -> bool:
        """Whether something came behind the request."""
        return len(self._held) > self._end

    def next_request(self) -> None:
        """Forget the request that was read, and keep what came behind it."""
        self._hold(bytearray(self._held[self._end :]))
        self._start_anew()

    def drop(self) -> None:
        """Hold nothing any more."""
        self._hold(bytearray())

    def chunk(self, size_hint: int | None = None) -> bytes:
        """For the parser: the next of what came; nothing at its end, as from a client that is gone."""
        size = min(max(size_hint or 0, 8192), _PIECE_BYTES)
        with memoryview(self._held) as held:
            piece = bytes(held[self._read_to : self._read_to + size])
        self._read_to += len(piece)
        return piece

    def _hold(self, held: bytearray) -> None:
        self._in_all.add(len(held) - len(self._held))
        self._held = held
        self.buf = io.BytesIO()

    def _start_anew(self) -> None:
        self._read_to = 0
        self.awaits_continue = False  # the client sends the body only once it is told to
        self.state = State.PARTIAL
        self._scanned_from = 0
        self._head_bytes = 0
        self._end = 0
        self._chunks = 0
        self._is_chunked = False

    def _find_head(self) -> bool:
        """Note where the head ends and what it says of the body; whether it has come whole."""
        if self._held[:2] == b"\r\n":  # old clients send it behind a body
            self._hold(self._held[2:])
        at = self._held.find(b"\r\n\r\n", self._scanned_from)
        if at < 0 and (at := self._held.find(b"\n\n", self._scanned_from)) < 0:  # the parser refuses this one
            self._scanned_from = max(0, len(self._held) - 3)
            return False
        if at > MOST_HEAD_BYTES:
            return False
        self._head_bytes = self._end = at + (4 if self._held[at : at + 1] == b"\r" else 2)
        self.awaits_continue = bool(_CONTINUE.search(self._held, 0, self._head_bytes))
        length = _LENGTH.search(self._held, 0, self._head_bytes)
        is_chunked = bool(_CHUNKED.search(self._held, 0, self._head_bytes))
        self._is_chunked = is_chunked and not length  # with both it is refused, whatever its body
        if length and not is_chunked:
            self._end += int(length[1].lstrip(b"0")[:_MOST_DIGITS] or b"0")
        return True

    def _state_of_chunks(self) -> State:
        while self._end <= min(len(self._held), self._most_bytes):
            self._chunks += 1
            if (
                self._chunks > _FEW_CHUNKS
                and self._end - self._head_bytes < _LEAST_CHUNK_BYTES * self._chunks
            ):
                return State.HOPELESS  # to look at each takes time that is the others'
            line = _CHUNK.match(self._held, self._end)
            if line is None:
                begun = self._held[self._end : self._end + _LONGEST_CHUNK_LINE]
                is_partial = b"\n" not in begun and len(begun) < _LONGEST_CHUNK_LINE
                return State.PARTIAL if is_partial else State.HOPELESS
            if not (size := int(line[1], 16)):
                return self._state_of_trailers(line.end() - 2)
            self._end = line.end() + size + 2
        return State.HOPELESS if self._end > self._most_bytes else State.PARTIAL

    def _state_of_trailers(self, start: int) -> State:
        """They begin behind the last chunk's line end, and end with an empty line."""
        if (at := self._held.find(b"\r\n\r\n", start)) >= 0:
            self._end = at + 4
            return State.WHOLE
        return State.PARTIAL if len(self._held) - start < _MOST_TRAILER_BYTES else State.HOPELESS

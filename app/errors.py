"""Every exception this product raises on purpose. Its text says what is wrong and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

_MOST_PROBLEMS = 50


class Se3Error(Exception):
    """Base of all errors below; `str(error)` is a sentence for a person."""


class SettingsError(Se3Error):
    """One or more settings are wrong; the text lists all of them."""


class MappingError(Se3Error):
    """The mapping file is wrong, or an event can't be expressed in it."""


class BackupError(Se3Error):
    """A backup can't be made, or put back."""


class StoreUnavailable(Se3Error):
    """The database can't be used now; the same call may succeed later. `told`: what strangers may know."""

    told = "The database can't be used now; the receiver's log says why."


class DiskFull(StoreUnavailable):
    """There is no room on the disk; what was stored is whole."""

    told = "The disk with the database is full."


class DiskFault(StoreUnavailable):
    """The disk gives errors, or can only be read; many systems stop writing to one that gave errors."""

    told = "The disk with the database can't be written: it has a fault, or can only be read."


class Locked(StoreUnavailable):
    """Another program holds SQLite's lock."""

    told = "Another program has held the database locked for too long."


class Conflict(StoreUnavailable):
    """The transaction was given up for another one; the same one succeeds if it is tried again."""


class NotStored(Se3Error):
    """The database works, but refuses what was to be stored: the same call would fail again."""


class NotDecrypted(Se3Error):
    """A picture or a refused body can't be decrypted; the text says why.

    `missing_key` names the key that is needed; None: the content was changed after it was encrypted.
    """

    def __init__(self, missing_key: str | None) -> None:
        """`missing_key`: its id in hex."""
        self.missing_key = missing_key
        super().__init__(
            f"its key {missing_key} is missing: add it to PICTURE_KEYS"
            if missing_key
            else "it was changed after it was encrypted: restore it from a backup"
        )


class WrongSchema(StoreUnavailable):
    """The database was not migrated to this program's version, or is of a newer one."""


class NoSchema(WrongSchema):
    """There is no database yet, or it has no tables."""


class NewerSchema(WrongSchema):
    """The database is of a newer version of this program."""


class ChannelError(Se3Error):
    """EnOS can't be reached, or refused the connection or the subscription."""


class BoxError(Se3Error):
    """A box's own API can't be reached, refused a request or answered something else."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a body.

    `pointer` is a JSON Pointer (RFC 6901) into the body and `detail` goes on from it, as in "is missing".
    Where the whole body is meant the pointer is "" and the detail a sentence.
    """

    pointer: str
    detail: str

    def __str__(self) -> str:
        """For a person: `ext_data/score must be a number`."""
        return f"{self.pointer.lstrip('/')} {self.detail}".lstrip()


class Refused(Se3Error):
    """A request that can't be accepted, with the HTTP status and each reason.

    `for_good`: the same body will be refused again, whenever it comes, until somebody changes something.
    """

    status = 400
    for_good = True
    code = "refused"
    title = "The request was refused"

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        """`problems`: each reason, or one sentence that concerns the whole body. Only the first count."""
        self.problems = (Problem("", problems),) if isinstance(problems, str) else _first(problems)
        super().__init__("; ".join(map(str, self.problems)))


def _first(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """So many reasons that a person may read them, and that a small body makes no large reply."""
    more = len(problems) - _MOST_PROBLEMS
    kept = tuple(problems[:_MOST_PROBLEMS])
    return (*kept, Problem("", f"and {more} more")) if more > 0 else kept


class Unreadable(Refused):
    """The body says what it is but can't be parsed as that."""

    code, title = "unreadable", "The body can't be read"


class BrokenOff(Unreadable):
    """Not all of the body came."""

    code = "broken-off"
    for_good = False


class Invalid(Refused):
    """The body was read, and fields of it are wrong."""

    status, code, title = 422, "invalid-event", "The event has wrong fields"

    def within(self, place: str) -> Self:
        """The same, in a document that stands at `place` of the body."""
        return type(self)([Problem(place + problem.pointer, problem.detail) for problem in self.problems])


class InvalidReport(Invalid):
    """The body was read, and as a status report it names no box."""

    status, code, title = 422, "invalid-report", "The status report has wrong fields"


class UnknownBox(Refused):
    """The event's box is not among RECEIVER_BOXES."""

    status, code, title = 403, "unknown-box", "Events of this box are not taken"


class TooLarge(Refused):
    """The body is longer than MAX_BODY_MB."""

    status, code, title = 413, "too-large", "The body is too large"


class UnsupportedMedia(Refused):
    """No reading of the body is possible."""

    status, code, title = 415, "unsupported-media", "The body is neither JSON nor form data"


class UnknownPath(Refused):
    """No event path has this name; an address that was typed wrong should show as such."""

    for_good = False
    status, code, title = 404, "unknown-path", "No such path"


class OwnFault(Refused):
    """This program failed on the body; nothing is known to be wrong with it."""

    status, code, title = 500, "own-fault", "The receiver failed"


class WrongMethod(Refused):
    """The path exists, for another method."""

    for_good = False
    status, code, title = 405, "wrong-method", "The method is not allowed here"

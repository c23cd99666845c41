"""Who was seen, when and by which box, and the pictures of that."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from app.simulators import faces
from app.simulators.people import STRANGER, Person


@dataclass(frozen=True, slots=True)
class Sighting:
    """One person seen once; both of a box's copies of it, history and real-time, are made of this.

    `timestamp` is in ms since 1970, `likeness` runs from 0 to 1. Equal sightings give equal events.
    """

    person: Person
    sequence: int
    timestamp: int
    likeness: float
    dev_sno: str
    device_ip: str

    @property
    def score(self) -> float:
        """The likeness as firmware from V2R3 on reports it, 0 to 100 (SE3 protocol, section 2)."""
        return round(self.likeness * 100, 2)

    @property
    def is_stranger(self) -> bool:
        """Whether the box's library does not hold this person."""
        return self.person.person_type == STRANGER

    def library_photo(self) -> str:
        """Give the library's photo of the person, base64 of a JPEG like the three below."""
        return _base64(faces.library_photo(self.person.number))

    def scene(self) -> str:
        """Give all that the camera saw."""
        seen = datetime.fromtimestamp(self.timestamp / 1000, UTC)
        return _base64(faces.scene(self.person.number, self.sequence, f"{seen:%Y-%m-%d %H:%M:%S} UTC"))

    def face_crop(self) -> str:
        """Give the face, cut out of the scene."""
        return _base64(faces.face_crop(self.person.number, self.sequence))

    def infrared(self) -> str:
        """Give the face as the infrared camera saw it."""
        return _base64(faces.infrared(self.person.number, self.sequence))


def _base64(picture: bytes) -> str:
    return b64encode(picture).decode()

"""What a box measures on a face, and what it knows of a person (SE3 protocol, sections 2 to 4)."""

from typing import Any

from app.simulators.faces import face_box
from app.simulators.seen import Sighting

STAY_MS = 2500
"""How long a face stays in view: from timestamp to out_timestamp."""


def grab_fiqa_info(person: int, sequence: int) -> dict[str, Any]:
    """Give what the camera measured; the rectangle is the face's place in the scene."""
    left, top, right, bottom = face_box(sequence)
    return {
        "confidence": 90,
        "face_id": sequence,
        "rect": {"top": top, "bottom": bottom, "left": left, "right": right},
        "rel_rect": {"top": 0, "bottom": bottom - top, "left": 0, "right": right - left},
        "pitch": 0,
        "yaw": 0,
        "roll": 0,
        "eye_dist": 32,
        "age": _age(person),
        "sex": _sex(person),
    }


def box_fiqa_info(person: int) -> dict[str, Any]:
    """Give the box's judgement of the picture's quality."""
    info = {
        "face_size": 255.0,
        "clarity": 1.285613331998212,
        "headpose": {"roll_angle": 10.107, "pitch_angle": 14.413, "yaw_angle": 7.326},
        "partial": False,
        "brightness": 0.8362176798557405,
    }
    judged = {"info": info, "fiqa_result": True, "success": list(info), "fails": []}
    return {"age": _age(person), "sex": _sex(person), **judged}


def info(person: int, sequence: int) -> dict[str, Any]:
    """Give the attributes in words that firmware from V5R2 on adds."""
    return {
        **_words(person),
        "box": list(face_box(sequence)),
        "feature": [],
    }


def recognize_face_attr(sighting: Sighting) -> dict[str, Any]:
    """Give what later boxes tell of the face crop; of a stranger they know no words (sections 3 and 4)."""
    left, top, right, bottom = face_box(sighting.sequence)
    words = _words(sighting.person.number)
    return {
        "point": [
            left + 50,
            right - 50,
            left + 80,
            left + 55,
            right - 55,
            *([top + 60] * 3),
            *([bottom - 40] * 2),
        ],
        "box": [left, top, right, bottom],
        **(dict.fromkeys(words) if sighting.is_stranger else words),
        "mask": None if sighting.is_stranger else "no",
        "hat": None,
        "expression": None,
    }


def identity_info(sighting: Sighting) -> dict[str, Any]:
    """Give the library's own ids of a person; `{}` for a stranger (section 3)."""
    number = sighting.person.number
    return {} if sighting.is_stranger else {"face_ids": [f"face-{number}"], "image_id": f"image-{number}"}


def _words(person: int) -> dict[str, str]:
    return {
        "age": ("youth", "middle-aged", "aged")[(_age(person) - 20) // 15],
        "gender": ("male", "female")[_sex(person)],
        "glasses": ("no", "yes")[person // 2 % 2],
    }


def _age(person: int) -> int:
    return 20 + person * 7 % 45


def _sex(person: int) -> int:
    return person % 2  # 0 male, 1 female

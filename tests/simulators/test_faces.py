import io
import subprocess
import sys

import pytest
from PIL import Image

from app.simulators import faces


def opened(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    picture.load()
    assert picture.format == "JPEG"
    return picture


def test_pictures_are_jpeg_of_a_real_box_s_size() -> None:
    assert opened(faces.library_photo(3)).size == (200, 240)
    assert opened(faces.scene(3, 1, "now")).size == (640, 360)
    assert opened(faces.face_crop(3, 1)).size == (160, 200)
    assert opened(faces.infrared(3, 1)).mode == "L"


@pytest.mark.parametrize("person", range(0, 100, 9))
def test_pictures_are_as_long_as_real_small_ones(person: int) -> None:
    assert 5_000 < len(faces.library_photo(person)) < 15_000
    assert 20_000 < len(faces.scene(person, person, "2026-01-02 03:04:05 UTC")) < 60_000


def test_each_person_has_a_library_photo_of_their_own() -> None:
    assert len({faces.library_photo(person) for person in range(200)}) == 200


def test_no_two_scenes_or_crops_of_a_person_are_equal() -> None:
    assert len({faces.scene(1, sequence, "same second") for sequence in range(200)}) == 200
    assert len({faces.face_crop(1, sequence) for sequence in range(200)}) == 200


def test_the_caption_is_written_into_the_scene() -> None:
    assert faces.scene(1, 1, "12:00:00") != faces.scene(1, 1, "12:00:01")


def test_another_process_draws_the_same_bytes() -> None:
    program = """
import hashlib
from app.simulators import faces
pictures = faces.library_photo(5) + faces.scene(5, 6, "noon") + faces.face_crop(5, 6) + faces.infrared(5, 6)
print(hashlib.sha256(pictures).hexdigest())
"""
    runs = [subprocess.check_output([sys.executable, "-c", program]) for _ in range(2)]
    assert runs[0] == runs[1]

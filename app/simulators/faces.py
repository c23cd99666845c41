"""Draws the pictures a box sends. The same arguments give the same bytes, on one version of Pillow."""

import hashlib
import io
from functools import lru_cache

from PIL import Image, ImageColor, ImageDraw, ImageOps

Rect = tuple[int, int, int, int]
"""A rectangle in pixels: left, top, right, bottom."""

_LIBRARY_SIZE = (200, 240)  # pixels
_SCENE_SIZE = (640, 360)
_GOLDEN_ANGLE = 137.508  # degrees; its multiples never crowd, so each person gets a hue of their own


@lru_cache(maxsize=1024)
def library_photo(person: int) -> bytes:
    """Give the JPEG the box's library holds of this person; it never changes."""
    picture = _backdrop(_LIBRARY_SIZE).copy()
    _draw_person(picture, (0, 0, *_LIBRARY_SIZE), person, sway=0)
    return _jpeg(picture)


def scene(person: int, sequence: int, caption: str) -> bytes:
    """Give a JPEG of what the camera sees, `caption` and the sequence number written into it."""
    picture = _hall(person, sequence)
    ImageDraw.Draw(picture).text((12, 10), f"{caption}  #{sequence}", fill="white", font_size=18)
    return _jpeg(picture)


def face_crop(person: int, sequence: int) -> bytes:
    """Give a JPEG of the face, cut out of the scene of the same arguments."""
    return _jpeg(_hall(person, sequence).crop(face_box(sequence)))


def infrared(person: int, sequence: int) -> bytes:
    """Give the face crop as an infrared camera sees it, a grey JPEG."""
    crop = _hall(person, sequence).crop(face_box(sequence))
    return _jpeg(ImageOps.invert(ImageOps.grayscale(crop)))


def face_box(sequence: int) -> Rect:
    """Give the place of the face in the scene of this sequence number."""
    left = 40 + sequence * 97 % 400
    return left, 160, left + 160, 360


def _hall(person: int, sequence: int) -> Image.Image:
    picture = _backdrop(_SCENE_SIZE).copy()
    _draw_person(picture, face_box(sequence), person, sway=sequence % 7)
    return picture


@lru_cache
def _backdrop(size: tuple[int, int]) -> Image.Image:
    """A wall with the grain of a camera's noise, which gives the JPEG a real picture's length."""
    grain = (size[0] // 2, size[1] // 2)
    noise = hashlib.shake_256(b"wall").digest(grain[0] * grain[1])
    texture = Image.frombytes("L", grain, noise).resize(size).convert("RGB")
    return Image.blend(Image.new("RGB", size, "#7f8b94"), texture, 0.15)


def _draw_person(picture: Image.Image, box: Rect, person: int, sway: int) -> None:
    """Draw a person into `box`; `sway` (0 to 6) moves the head a little, as people do."""
    draw = ImageDraw.Draw(picture)
    lean, hue, dark = sway * 0.01, person * _GOLDEN_ANGLE % 360, "#201a18"
    skin = _colour(25 + person % 12, 30 + person * 7 % 35, 92 - person * 11 % 45)
    draw.pieslice(_part(box, 0.05, 0.72, 0.95, 1.28), 180, 360, fill=_colour(hue, 75, 80))
    draw.ellipse(_part(box, 0.22 + lean, 0.10, 0.78 + lean, 0.62), fill=_colour(hue / 2, 60, 35))
    draw.ellipse(_part(box, 0.26 + lean, 0.18, 0.74 + lean, 0.80), fill=skin)
    for eye in (0.36, 0.56):
        draw.ellipse(_part(box, eye + lean, 0.40, eye + 0.08 + lean, 0.45), fill=dark)
    draw.arc(_part(box, 0.38 + lean, 0.52, 0.62 + lean, 0.68), 20, 160, fill=dark, width=3)


def _part(box: Rect, *fractions: float) -> tuple[float, float, float, float]:
    """Give the rectangle that lies at these fractions (left, top, right, bottom) of `box`."""
    width, height = box[2] - box[0], box[3] - box[1]
    left, top, right, bottom = fractions
    return box[0] + left * width, box[1] + top * height, box[0] + right * width, box[1] + bottom * height


def _colour(hue: float, saturation: float, value: float) -> tuple[int, ...]:
    return ImageColor.getrgb(f"hsv({hue:.0f},{saturation:.0f}%,{value:.0f}%)")


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()

"""Faces that look alike come together, however they are ordered; a broken or huge picture hurts nobody."""

import io
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.console.people.faces import likeness_of
from app.domain.likeness import Likeness, grouped
from app.simulators import faces
from app.simulators.people import STRANGER, roster

HASH = st.integers(0, 2**64 - 1)
NEAR = st.integers(0, 63).map(lambda bit: 1 << bit)
LIKENESSES = st.builds(Likeness, NEAR, NEAR) | st.builds(Likeness, HASH, HASH)


def strangers(people: int) -> dict[tuple[int, int], Likeness]:
    """Crops of the strangers that pass the simulated box by, by person and picture."""
    numbers = [person.number for person in roster(people) if person.person_type == STRANGER]
    pictures = {(number, n): faces.face_crop(number, n) for number in numbers for n in range(0, 60, 5)}
    return {key: found for key, content in pictures.items() if (found := likeness_of(content))}


def test_a_simulated_stranger_is_one_group_and_another_one_another() -> None:
    groups = [{number for number, _ in group} for group in grouped(strangers(20))]
    assert sorted(groups, key=min) == [{3}, {6}, {11}, {14}, {19}]


@given(LIKENESSES)
def test_a_likeness_comes_back_as_it_was_stored(likeness: Likeness) -> None:
    assert Likeness.from_bytes(likeness.to_bytes()) == likeness
    assert len(likeness.to_bytes()) == 16


@given(st.lists(LIKENESSES, max_size=20), st.randoms())
def test_groups_are_the_same_in_every_order(likenesses: list[Likeness], randomly: random.Random) -> None:
    pictures = dict(enumerate(likenesses))
    shuffled = list(pictures.items())
    randomly.shuffle(shuffled)
    groups = grouped(pictures)
    assert {frozenset(group) for group in grouped(dict(shuffled))} == {frozenset(group) for group in groups}
    assert sorted(key for group in groups for key in group) == sorted(pictures)
    assert groups == sorted(sorted(group) for group in groups)


@given(st.lists(LIKENESSES, min_size=1, max_size=20))
def test_who_looks_alike_is_in_one_group(likenesses: list[Likeness]) -> None:
    pictures = dict(enumerate(likenesses))
    group_of = {key: number for number, group in enumerate(grouped(pictures)) for key in group}
    for one, like in pictures.items():
        for other, unlike in pictures.items():
            assert like.is_like(unlike) == unlike.is_like(like)
            assert group_of[one] == group_of[other] or not like.is_like(unlike)


def test_what_is_far_apart_in_colour_or_in_shade_is_not_alike() -> None:
    one = Likeness(0, 0)
    assert one.is_like(Likeness(0b11, 2**16 - 1))
    assert not one.is_like(Likeness(0b111, 0))
    assert not one.is_like(Likeness(0, 2**17 - 1))


def jpeg(size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "green").save(file, "JPEG")
    return file.getvalue()


def claiming(size: tuple[int, int]) -> bytes:
    """A small JPEG that says it is of another size."""
    content = jpeg((16, 16))
    frame = content.index(b"\xff\xc0") + 5  # behind marker, length and precision come height and width
    return content[:frame] + struct.pack(">HH", size[1], size[0]) + content[frame + 4 :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        jpeg((160, 200))[:300],
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        claiming((65_000, 65_000)),
        claiming((4_000, 4_000)),
        jpeg((3_000, 2_000)),
        jpeg((16, 16)) + b"\xff\xda" * 100,
        jpeg((16, 16)) + bytes(2**20),
    ],
    ids=["empty", "start", "cut", "png", "bomb", "large", "too large", "scans", "long"],
)
def test_what_is_no_fit_picture_of_a_face_has_no_likeness(content: bytes) -> None:
    assert likeness_of(content) is None


def test_a_grey_picture_can_be_compared() -> None:
    assert likeness_of(faces.infrared(3, 1)) is not None

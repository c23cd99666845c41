import io
from base64 import b64decode
from typing import Any

import pytest
from PIL import Image

from app.domain.events import Kind
from app.simulators.people import STRANGER, roster
from app.simulators.sightings import FORMS, Sighting, make_event

# SE3 protocol, section 2
TOP = {"identity_id", "identity_name", "group_name", "reg_pic", "timestamp", "score", "ext_data"}
EXT = {"device_ip", "spot_pic", "person_type", "device_type", "grab_fiqa_info", "box_fiqa_info"}
FIELDS = {
    ("v2r1", Kind.HISTORY): (TOP, EXT | {"ep_id", "dev_sno"}),
    ("v2r1", Kind.REALTIME): (TOP, EXT),
    ("v2r4", Kind.HISTORY): (TOP | {"want_action"}, EXT | {"ep_id", "dev_sno", "recognize_face"}),
    ("v2r4", Kind.REALTIME): (TOP, EXT | {"recognize_face"}),
    ("v5r3", Kind.HISTORY): (
        TOP | {"want_action"},
        EXT | {"ep_id", "dev_sno", "recognize_face", "ir_pic", "info"},
    ),
    ("v5r3", Kind.REALTIME): (TOP, EXT | {"recognize_face"}),
}
PEOPLE = roster(30)


def event(
    form: str = "v5r3", kind: Kind = Kind.HISTORY, person: int = 0, sequence: int = 1
) -> dict[str, Any]:
    seen = Sighting(PEOPLE[person], sequence, 1566016554020, 0.948, "SIM00001", "192.168.1.25")
    return make_event(seen, form, kind)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", Kind)
def test_each_form_has_exactly_the_fields_of_its_firmware(form: str, kind: Kind) -> None:
    found = event(form, kind)
    assert (set(found), set(found["ext_data"])) == FIELDS[form, kind]


def test_the_box_s_code_and_address_make_the_ep_id() -> None:
    assert event()["ext_data"]["ep_id"] == "SIM00001__192.168.1.25"


def test_old_firmware_scores_up_to_1_and_newer_up_to_100() -> None:
    assert event("v2r1")["score"] == 0.948
    assert event("v2r4")["score"] == event("v5r3")["score"] == 94.8


def test_the_time_is_an_integer_of_milliseconds() -> None:
    assert event()["timestamp"] == 1566016554020


def test_only_a_stranger_is_reported_as_newly_registered() -> None:
    stranger = next(person.number for person in PEOPLE if person.person_type == STRANGER)
    assert event(person=stranger)["want_action"] == "1001"
    assert event(person=0)["want_action"] == "0"


def test_every_picture_is_base64_of_a_jpeg() -> None:
    found = event()
    texts = [found["reg_pic"]] + [
        found["ext_data"][name] for name in ("spot_pic", "recognize_face", "ir_pic")
    ]
    pictures = [Image.open(io.BytesIO(b64decode(text, validate=True))) for text in texts]
    assert [picture.format for picture in pictures] == ["JPEG"] * 4
    assert len(set(texts)) == 4


def test_a_person_s_library_photo_stays_while_the_scene_changes() -> None:
    first, second = event(sequence=1), event(sequence=2)
    assert first["reg_pic"] == second["reg_pic"] != event(person=1)["reg_pic"]
    assert first["ext_data"]["spot_pic"] != second["ext_data"]["spot_pic"]


def test_the_face_lies_inside_the_rectangle_the_box_reports() -> None:
    found = event()
    rect = found["ext_data"]["grab_fiqa_info"]["rect"]
    crop = Image.open(io.BytesIO(b64decode(found["ext_data"]["recognize_face"])))
    assert crop.size == (rect["right"] - rect["left"], rect["bottom"] - rect["top"])


def test_ids_are_those_that_trip_receivers() -> None:
    ids = [person.identity_id for person in PEOPLE]
    assert len(set(ids)) == len(ids)
    assert any(i.startswith("0") for i in ids)
    assert any("." in i for i in ids)
    assert any(not person.name.isascii() for person in PEOPLE)

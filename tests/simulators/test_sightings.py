import io
from base64 import b64decode
from typing import Any

import pytest
from PIL import Image

from app.domain.events import Kind
from app.simulators.people import STRANGER, roster
from app.simulators.sightings import FORMS, Sighting, make_event
from app.simulators.v6_form import USER_TYPES
from tests.support.payloads import payload

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
    ("v5r7", Kind.REALTIME): (TOP | {"device_id", "identity_info"}, EXT | {"recognize_face"}),
    ("v6r1", Kind.REALTIME): (TOP | {"device_id", "identity_info"}, EXT | {"recognize_face"}),
}
PEOPLE = roster(30)
STRANGER_NUMBER = next(person.number for person in PEOPLE if person.person_type == STRANGER)


def event(
    form: str = "v5r3", kind: Kind = Kind.HISTORY, person: int = 0, sequence: int = 1
) -> dict[str, Any]:
    seen = Sighting(PEOPLE[person], sequence, 1566016554020, 0.948, "SIM00001", "192.168.1.25")
    return make_event(seen, form, kind)


def named(*names: str) -> set[tuple[str, ...]]:
    return {tuple(name.split(".")) for name in names}


def paths(document: dict[str, Any], start: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every place in a document, through its objects."""
    found = {(*start, name) for name in document}
    inner = [paths(value, (*start, name)) for name, value in document.items() if isinstance(value, dict)]
    return found.union(*inner)


@pytest.mark.parametrize(("form", "kind"), FIELDS)
def test_each_nested_form_has_exactly_the_fields_of_its_firmware(form: str, kind: Kind) -> None:
    found = event(form, kind)
    assert (set(found), set(found["ext_data"])) == FIELDS[form, kind]


def test_the_flat_form_has_what_a_real_box_sends_and_what_else_the_protocol_names() -> None:
    more = named("ir_pic", "identity_info.face_ids", "identity_info.image_id")
    assert paths(event("v5r7")) == paths(payload("history-flat-v5r7")) | more


def test_the_v6_form_has_what_a_real_box_sends_and_what_else_the_protocol_names() -> None:
    assert paths(event("v6r1")) == paths(payload("history-v6")) | named("media_device_info.media_device_url")


@pytest.mark.parametrize("form", FORMS)
def test_both_copies_of_a_sighting_agree_on_person_time_and_gate(form: str) -> None:
    history, real_time = event(form), event(form, Kind.REALTIME)
    for name in ("identity_id", "identity_name", "timestamp", "score"):
        assert history[name] == real_time[name]
    place = {"v5r7": ("ep_info", "ep_ip"), "v6r1": ("media_device_info", "media_device_ip")}
    within, name = place.get(form, ("ext_data", "device_ip"))
    assert history[within][name] == real_time["ext_data"]["device_ip"] == "192.168.1.25"


def test_both_copies_name_the_same_camera() -> None:
    flat, v6 = event("v5r7")["ep_info"], event("v6r1")["media_device_info"]
    device_id = event("v5r7", Kind.REALTIME)["device_id"]
    assert flat["device_id"] == device_id == event("v6r1", Kind.REALTIME)["device_id"]
    assert v6["media_device_id"] == device_id.replace("-", "")


@pytest.mark.parametrize("form", ["v5r7", "v6r1"])
def test_a_box_knows_nothing_of_a_stranger_s_identity(form: str) -> None:
    known, stranger = (event(form, Kind.REALTIME, person)["identity_info"] for person in (0, STRANGER_NUMBER))
    assert known
    assert stranger == {}
    assert event("v5r7", person=STRANGER_NUMBER)["identity_info"] == {}


def test_v6_says_the_person_type_in_words() -> None:
    words = [event("v6r1", person=person.number)["user_type"] for person in PEOPLE]
    assert words == [USER_TYPES[person.person_type] for person in PEOPLE]
    assert set(words) == {"employee", "visitor", "blacklist", "stranger", "vip"}


def test_the_box_s_code_and_address_make_the_ep_id() -> None:
    assert event()["ext_data"]["ep_id"] == "SIM00001__192.168.1.25"


def test_old_firmware_scores_up_to_1_and_newer_up_to_100() -> None:
    assert event("v2r1")["score"] == 0.948
    assert {event(form)["score"] for form in FORMS if form != "v2r1"} == {94.8}


def test_the_time_is_an_integer_of_milliseconds() -> None:
    assert event()["timestamp"] == 1566016554020


def test_only_a_stranger_is_reported_as_newly_registered() -> None:
    assert event(person=STRANGER_NUMBER)["want_action"] == "1001"
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

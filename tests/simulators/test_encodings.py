import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from app.domain.events import Kind
from app.simulators.encodings import ENCODINGS, encode
from app.simulators.people import roster
from app.simulators.sightings import Sighting, make_event

EVENT = make_event(
    Sighting(roster(1)[0], 1, 1566016554020, 0.9, "SIM00001", "192.168.1.25"), "v5r3", Kind.HISTORY
)
FORM_ENCODINGS = [encoding for encoding in ENCODINGS if encoding != "json"]


def form_of(event: dict[str, Any], encoding: str) -> dict[str, str]:
    """Read a form the way any web framework does."""
    body, content_type = encode(event, encoding)
    request = Request(EnvironBuilder(method="POST", data=body, content_type=content_type).get_environ())
    assert not request.files
    return request.form.to_dict()


def test_json_holds_the_event_as_it_is() -> None:
    body, content_type = encode(EVENT, "json")
    assert content_type == "application/json"
    assert json.loads(body) == EVENT


@pytest.mark.parametrize("encoding", FORM_ENCODINGS)
def test_a_form_holds_the_texts_as_they_are_and_everything_else_as_json_text(encoding: str) -> None:
    form = form_of(EVENT, encoding)
    texts = {name for name, value in EVENT.items() if isinstance(value, str)}
    assert {name: form[name] if name in texts else json.loads(form[name]) for name in form} == EVENT


@pytest.mark.parametrize("encoding", FORM_ENCODINGS)
def test_a_form_keeps_chinese_plus_signs_and_leading_zeros(encoding: str) -> None:
    event = {"identity_name": "小明", "reg_pic": "a+b/c==", "identity_id": "007", "score": 0.5}
    assert form_of(event, encoding) == {**event, "score": "0.5"}


def test_content_types_are_those_a_receiver_tells_forms_by() -> None:
    assert encode(EVENT, "multipart")[1].startswith("multipart/form-data; boundary=")
    assert encode(EVENT, "urlencoded")[1] == "application/x-www-form-urlencoded"

"""The requests that the bench posts."""

import hashlib
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from benchmarks.bodies import Template
from tests.support.payloads import payload

ENCODINGS = ("json", "multipart", "urlencoded")


@pytest.fixture(params=ENCODINGS)
def template(request: pytest.FixtureRequest) -> Template:
    return Template(request.param)


def test_a_request_is_the_sample_with_other_pictures_and_another_time(template: Template) -> None:
    document = read(template.request(7))
    ext_data = document["ext_data"]
    sample = payload("history-contract")
    assert len(b64decode(document.pop("reg_pic"), validate=True)) == 15_000
    assert len(b64decode(ext_data.pop("spot_pic"), validate=True)) == 51_000
    assert document.pop("timestamp") == 1_700_000_000_007
    del sample["reg_pic"], sample["timestamp"], sample["ext_data"]["spot_pic"]
    assert document == sample


def test_every_request_has_a_new_scene_and_one_of_200_photos(template: Template) -> None:
    documents = [read(template.request(number)) for number in range(250)]
    assert len({picture_hash(document["ext_data"]["spot_pic"]) for document in documents}) == 250
    assert len({picture_hash(document["reg_pic"]) for document in documents}) == 200
    assert len({document["timestamp"] for document in documents}) == 250


def test_a_number_is_the_same_event_in_every_encoding() -> None:
    first, *others = (read(Template(encoding).request(10**9)) for encoding in ENCODINGS)
    assert others == [first, first]


def test_the_files_for_wrk_hold_the_same_pieces(template: Template, tmp_path: Path) -> None:
    template.write(tmp_path)
    assert (tmp_path / "head").read_bytes() == template.head
    assert (tmp_path / "body").read_bytes().split(b"\0") == template.pieces
    assert (tmp_path / "photos").read_bytes().split(b"\n") == template.photos


def read(request: bytes) -> dict[str, Any]:
    """Take a whole HTTP request apart; in forms every value is text, and so made what it is in JSON."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /HistoryEvent HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines)
    assert int(headers["Content-Length"]) == len(body)
    if headers["Content-Type"] == "application/json":
        document: dict[str, Any] = json.loads(body)
        return document
    environ = EnvironBuilder(method="POST", data=body, content_type=headers["Content-Type"]).get_environ()
    form = Request(environ).form.to_dict()
    return form | {name: json.loads(form[name]) for name in ("timestamp", "score", "ext_data")}


def picture_hash(picture: str) -> bytes:
    return hashlib.sha256(b64decode(picture)).digest()

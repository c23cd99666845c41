import ast
import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from app.domain.events import Kind
from app.simulators.encodings import ENCODINGS, LOSSLESS, encode
from app.simulators.people import roster
from app.simulators.sightings import FORMS, Sighting, make_event

PEOPLE = roster(4)
EVENT = make_event(
    Sighting(PEOPLE[0], 1, 1566016554020, 0.9, "SIM00001", "192.168.1.25"), "v5r3", Kind.HISTORY
)
JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
HEADERS = {
    "json": {"Content-Type": JSON},
    "json-unlabelled": {},
    "json-mislabelled": {"Content-Type": URLENCODED},
    "json-bom": {"Content-Type": JSON},
    "json-gbk": {"Content-Type": JSON},
    "json-gzip": {"Content-Type": JSON, "Content-Encoding": "gzip"},
    "json-deflate": {"Content-Type": JSON, "Content-Encoding": "deflate"},
    "json-array": {"Content-Type": JSON},
    "urlencoded": {"Content-Type": URLENCODED},
    "flattened": {"Content-Type": URLENCODED},
    "names-only": {"Content-Type": URLENCODED},
}
MULTIPART = set(ENCODINGS) - set(HEADERS)
Read = Callable[[bytes], Any]
JSON_READERS: dict[str, Read] = {
    "json": json.loads,
    "json-unlabelled": json.loads,
    "json-mislabelled": json.loads,
    "json-bom": lambda body: json.loads(body.decode("utf-8-sig")),
    "json-gbk": lambda body: json.loads(body.decode("gbk")),
    "json-gzip": lambda body: json.loads(gzip.decompress(body)),
    "json-deflate": lambda body: json.loads(zlib.decompress(body)),
    "json-array": lambda body: json.loads(body)[0],
}


def parts_of(event: dict[str, Any], encoding: str) -> list[tuple[str, str]]:
    """Read a form the way any web framework does, a file as its base64."""
    body, headers = encode(event, encoding)
    if headers["Content-Type"] == URLENCODED:
        return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    with parsed(body, headers) as request:
        files = [(name, b64encode(file.read()).decode()) for name, file in request.files.items(multi=True)]
        return [*request.form.items(multi=True), *files]


def parsed(body: bytes, headers: dict[str, str]) -> Request:
    builder = EnvironBuilder(method="POST", data=body, headers=Headers(headers))
    with closing(builder):
        return Request(builder.get_environ())


def leaves(value: Any) -> list[str]:
    """Every value of a document that a form can carry, as its text, sorted."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return sorted(text for item in inner for text in leaves(item))
    if value in (None, ""):
        return []
    return [value if isinstance(value, str) else json.dumps(value)]


def read(text: str, encoding: str) -> Any:
    """Read a dict or list that a form carries as text."""
    if text[:1] not in ("{", "["):
        return text
    return ast.literal_eval(text) if encoding == "python" else json.loads(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_headers_are_what_a_receiver_tells_encodings_by(encoding: str) -> None:
    headers = encode(EVENT, encoding)[1]
    if encoding in MULTIPART:
        assert headers.keys() == {"Content-Type"}
        assert headers["Content-Type"].startswith("multipart/form-data; boundary=")
    else:
        assert headers == HEADERS[encoding]


@pytest.mark.parametrize("encoding", JSON_READERS)
def test_json_holds_the_event_as_it_is(encoding: str) -> None:
    assert JSON_READERS[encoding](encode(EVENT, encoding)[0]) == EVENT


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("encoding", sorted(set(LOSSLESS) - set(JSON_READERS)))
def test_a_form_carries_every_value(form: str, kind: Kind, encoding: str) -> None:
    for person in PEOPLE:
        seen = Sighting(person, 1, 1566016554020, 0.9, "SIM00001", "192.168.1.25")
        event = make_event(seen, form, kind)
        carried = {
            str(number): read(text, encoding) for number, (_, text) in enumerate(parts_of(event, encoding))
        }
        assert leaves(carried) == leaves(event)


def test_only_one_encoding_loses_values() -> None:
    assert set(ENCODINGS) - set(LOSSLESS) == {"names-only"}
    parts = parts_of(EVENT, "names-only")
    assert [text for name, text in parts if name == "ext_data"] == list(EVENT["ext_data"])
    assert ("identity_id", EVENT["identity_id"]) in parts


@pytest.mark.parametrize("encoding", ["multipart", "urlencoded"])
def test_a_form_keeps_chinese_plus_signs_and_leading_zeros(encoding: str) -> None:
    event = {"identity_name": "小明", "reg_pic": "a+b/c==", "identity_id": "007", "score": 0.5}
    assert dict(parts_of(event, encoding)) == {**event, "score": "0.5"}


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("multipart", {"a": "1", "b": '{"c": {"d": null}, "e": [true]}'}),
        ("urlencoded", {"a": "1", "b": '{"c": {"d": null}, "e": [true]}'}),
        ("python", {"a": "1", "b": "{'c': {'d': None}, 'e': [True]}"}),
        ("bracketed", {"a": "1", "b[c][d]": "", "b[e][]": "true"}),
        ("dotted", {"a": "1", "b.c": '{"d": null}', "b.e": "[true]"}),
        ("flattened", {"a": "1", "c": '{"d": null}', "e": "[true]"}),
    ],
)
def test_each_form_has_its_own_way_with_dicts(encoding: str, expected: dict[str, str]) -> None:
    assert dict(parts_of({"a": 1, "b": {"c": {"d": None}, "e": [True]}}, encoding)) == expected


def test_pictures_can_be_files_and_what_is_beside_them_stays_text() -> None:
    body, headers = encode(EVENT | {"ir_pic": ""}, "multipart-files")
    inside = ("spot_pic", "recognize_face", "ir_pic")
    with parsed(body, headers) as request:
        assert set(request.files) == {"reg_pic", *(f"ext_data[{name}]" for name in inside)}
        assert {file.mimetype for file in request.files.values()} == {"image/jpeg"}
        assert request.form["ir_pic"] == ""
        assert set(json.loads(request.form["ext_data"])) == set(EVENT["ext_data"]) - set(inside)


def test_gbk_bytes_of_the_simulated_people_are_not_utf8() -> None:
    for person in roster(8):
        name = {"identity_name": person.name, "group_name": person.group}
        body = encode(name, "json-gbk")[0]
        if not (person.name + person.group).isascii():
            with pytest.raises(UnicodeDecodeError):
                body.decode()

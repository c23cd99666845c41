"""Bodies in every charset and compression are read; what is none of them is refused and kept."""

import base64
import gzip
import io
import json
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from PIL import Image
from urllib3.filepost import encode_multipart_formdata

from app.domain.warnings import WarningCode
from app.store import events, pictures, warnings
from app.store.database import Database
from app.store.queries import counts
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.payloads import payload

DocumentOf = Callable[[str], dict[str, Any]]


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def text_of(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def codes(database: Database, event_id: str) -> list[WarningCode]:
    with database.read() as connection:
        return [warning.code for warning in warnings.warnings_of(connection, UUID(event_id))]


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "raw": raw_deflate,
}
HEADERS = {"gzip": "gzip", "zlib": "deflate", "raw": "deflate"}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("size", ["small", "large"])
def test_compressed_bodies_are_unpacked(
    box: BoxClient, document_of: DocumentOf, packer: str, labelled: bool, size: str
) -> None:
    sent = payload("history-v2r4")
    if size == "small":
        sent = {"identity_id": "7", "identity_name": "x", "timestamp": 1, "score": 1, "ep_info": {}}
    headers = {"Content-Type": "application/json", "Content-Encoding": HEADERS[packer]} if labelled else {}
    reply = box.post("/HistoryEvent", data=PACKERS[packer](json.dumps(sent).encode()), headers=headers)
    assert reply.status_code == 200
    assert document_of(reply.json["data"]["id"]) == sent


@pytest.mark.parametrize("packer", PACKERS)
def test_a_small_body_that_unpacks_to_a_large_one_is_refused(box_for: BoxFor, packer: str) -> None:
    bomb = PACKERS[packer](b'{"x": "' + b"y" * 5_000_000 + b'"}')
    reply = box_for(max_body_mb=1).post("/HistoryEvent", data=bomb)
    assert reply.status_code == 413
    assert reply.json["quarantine"]


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_broken_gzip_is_refused_and_kept(box: BoxClient, cut: int) -> None:
    body = gzip.compress(json.dumps(payload("history-v2r4")).encode())[:-cut]
    reply = box.post("/HistoryEvent", data=body)
    assert reply.status_code == 400
    assert "gzip" in reply.json["detail"]
    assert reply.json["quarantine"]


@pytest.mark.parametrize("style", ["json", "raw urlencoded", "escaped urlencoded", "multipart"])
def test_gbk_is_read_with_a_warning(
    box: BoxClient, database: Database, document_of: DocumentOf, style: str
) -> None:
    sent = payload("history-v2r4") | {
        "identity_name": "王小明",
        "score": "94.8",
        "timestamp": "1560408984678",
    }
    fields = {name: text_of(value) if isinstance(value, dict) else value for name, value in sent.items()}
    content_type = "application/x-www-form-urlencoded"
    if style == "json":
        body = text_of(sent).encode("gbk")
    elif style == "multipart":
        body, content_type = encode_multipart_formdata(
            {name: text.encode("gbk") for name, text in fields.items()}
        )
    else:
        safe = "" if style.startswith("escaped") else "".join(map(chr, range(0x4E00, 0x9FFF)))
        body = "&".join(f"{name}={quote(text, safe, 'gbk')}" for name, text in fields.items()).encode("gbk")
    reply = box.post("/HistoryEvent", data=body, content_type=content_type)
    assert reply.status_code == 200
    assert document_of(reply.json["data"]["id"]) == sent
    assert codes(database, reply.json["data"]["id"]) == [WarningCode.NOT_UTF8]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("content_type", [None, "text/plain", "multipart/form-data; boundary=x"])
def test_json_in_other_unicode_encodings_needs_no_label(
    box: BoxClient, document_of: DocumentOf, encoding: str, content_type: str | None
) -> None:
    body = text_of(payload("history-contract")).encode(encoding)
    reply = box.post("/HistoryEvent", data=body, content_type=content_type)
    assert reply.status_code == 200
    assert document_of(reply.json["data"]["id"]) == payload("history-contract")


def test_an_array_is_stored_whole_and_answered_one_by_one(box: BoxClient, database: Database) -> None:
    batch = [payload("history-contract"), payload("history-v6"), payload("history-flat-v5r7")]
    box.post("/HistoryEvent", json=batch[1])
    reply = box.post("/HistoryEvent", json=[*batch, batch[0]])
    assert [event["duplicate"] for event in reply.json["data"]] == [False, True, False, True]
    assert reply.json["data"][0]["id"] == reply.json["data"][3]["id"]
    with database.read() as connection:
        assert counts(connection).events == 3
    assert isinstance(box.post("/HistoryEvent", json=[batch[0]]).json["data"], list)


def test_an_array_with_one_wrong_event_is_refused_whole(box: BoxClient, database: Database) -> None:
    reply = box.post(
        "/HistoryEvent", json=[payload("history-contract"), payload("history-v6") | {"score": "x"}]
    )
    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json["errors"]] == ["#/1/score"]
    with database.read() as connection:
        assert (counts(connection).events, counts(connection).quarantine) == (0, 1)


@pytest.mark.parametrize("body", [b"[]", b"[1]", b"[[]]", b'"text"', b"[null, {}]"])
def test_an_array_of_anything_else_is_refused(box: BoxClient, body: bytes) -> None:
    assert box.post("/HistoryEvent", data=body, content_type="application/json").status_code == 400


def drawn(kind: str) -> bytes:
    file = io.BytesIO()
    Image.radial_gradient("L").resize((40, 40)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("style", ["{}", "data:image/bmp;base64,{}", " {}\n"])
def test_pictures_are_found_in_any_field_at_any_depth(
    box: BoxClient, database: Database, document_of: DocumentOf, kind: str, style: str
) -> None:
    picture = drawn(kind)
    text = style.format(base64.b64encode(picture).decode())
    sent = payload("history-contract") | {"new": {"deep": [1, [{"a/b~": text}], text]}}
    reply = box.post("/HistoryEvent", json=sent)
    event_id = reply.json["data"]["id"]
    assert document_of(event_id) == sent
    with database.read() as connection:
        uses = {use.pointer: use for use in pictures.uses_of(connection, UUID(event_id))}
    for place in ("/new/deep/1/0/a~1b~0", "/new/deep/2"):
        assert uses[place].picture.content == picture
        assert uses[place].picture.media_type == f"image/{kind.lower()}"


def test_what_should_be_a_picture_and_is_none_is_kept_with_a_warning(
    box: BoxClient, database: Database, document_of: DocumentOf
) -> None:
    sent = payload("history-contract") | {"reg_pic": "no picture"}
    sent["ext_data"] |= {"spot_pic": base64.b64encode(b"GIF89a").decode(), "ir_pic": ""}
    event_id = box.post("/HistoryEvent", json=sent).json["data"]["id"]
    assert document_of(event_id) == sent
    with database.read() as connection:
        found = warnings.warnings_of(connection, UUID(event_id))
    assert {warning.pointer for warning in found} == {"/reg_pic", "/ext_data/spot_pic"}
    assert {warning.code for warning in found} == {WarningCode.NO_PICTURE}


def test_a_name_that_looks_like_a_picture_stays_a_name(box: BoxClient, database: Database) -> None:
    name = payload("history-contract")["reg_pic"]
    reply = box.post("/HistoryEvent", json=payload("history-contract") | {"identity_name": name})
    with database.read() as connection:
        event = events.get(connection, UUID(reply.json["data"]["id"]))
    assert event is not None
    assert event.identity_name == name


@pytest.mark.parametrize("name", ["history-contract", "history-flat-v5r7", "history-v6"])
def test_a_form_of_names_only_is_taken_with_a_warning(box: BoxClient, database: Database, name: str) -> None:
    sent = payload(name)
    pairs = [(key, inner) for key, value in sent.items() if isinstance(value, dict) for inner in value]
    pairs += [(key, str(value)) for key, value in sent.items() if not isinstance(value, dict)]
    body, content_type = encode_multipart_formdata(pairs)
    reply = box.post("/HistoryEvent", data=body, content_type=content_type)
    assert reply.status_code == 200
    assert WarningCode.VALUES_LOST in codes(database, reply.json["data"]["id"])

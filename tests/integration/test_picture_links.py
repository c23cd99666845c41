"""The receiver gives a picture to who holds a good link, and to all others what an unknown path gets."""

import dataclasses
import hashlib
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import update

from app.domain.picture_links import PictureLinks
from app.receiver.pictures import AT_ONCE
from app.store import events, pictures
from app.store.database import Database
from app.store.models import PictureRow
from app.store.queries import counts
from app.telemetry.logs import configure_logging
from tests.integration.conftest import BoxClient, BoxFor
from tests.support.new_events import new_event

SECRET = "a secret that is long enough, as it must be"
LIFETIME = timedelta(days=30)
LINKS = PictureLinks("https://faces.example", SECRET, LIFETIME)
SET = {"picture_base_url": "https://faces.example", "picture_link_secret": SECRET}


@pytest.fixture
def receiver(box_for: BoxFor) -> BoxClient:
    return box_for(**SET)


@pytest.fixture
def shown(database: Database) -> list[tuple[str, bytes]]:
    """Field and SHA-256 of each picture of a stored event."""
    event = new_event()
    with database.write() as connection:
        events.record(connection, [event])
        return pictures.shown_by(connection, [event.event.id])[event.event.id]


def link(sha256: bytes, ago: timedelta = timedelta()) -> str:
    """Path and query of a link made so long ago."""
    url = urlsplit(LINKS.url(sha256, datetime.now(UTC) - ago))
    return f"{url.path}?{url.query}"


def answer(reply: Any) -> tuple[int, bytes, dict[str, str]]:
    """All that a stranger sees, apart from the request's own name."""
    headers = {name: one for name, one in reply.headers.items() if name != "X-Request-ID"}
    return reply.status_code, reply.data, headers


def test_a_link_gives_the_picture(receiver: BoxClient, shown: list[tuple[str, bytes]]) -> None:
    for _, sha256 in shown:
        reply = receiver.get(link(sha256))
        assert reply.status_code == 200
        assert hashlib.sha256(reply.data).digest() == sha256
        assert reply.headers["Content-Type"] == "image/jpeg"
        assert reply.headers["Cache-Control"] == "private, no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Disposition"] == "inline"


def test_head_tells_the_same_without_the_picture(receiver: BoxClient, shown: list[tuple[str, bytes]]) -> None:
    path = link(shown[0][1])
    got, head = receiver.get(path), receiver.open(path, method="HEAD")
    assert head.status_code == 200
    assert head.data == b""
    assert answer(head)[2] == answer(got)[2]
    assert int(head.headers["Content-Length"]) == len(got.data)


def test_all_that_is_wrong_looks_like_an_unknown_path(
    receiver: BoxClient, box: BoxClient, shown: list[tuple[str, bytes]], database: Database
) -> None:
    one, other = shown[0][1], shown[1][1]
    good = link(one)
    path, query = good.split("?")
    unknown = answer(receiver.get("/no/such/path"))
    assert unknown[0] == 404
    for wrong in (
        path,
        f"{path}?{query.partition('&')[0]}",
        f"{path}?{query.partition('&')[2]}",
        good.replace("signature=", "signature=0"),
        good.replace("expires=", "expires=1"),
        link(other).split("?")[0] + "?" + query,
        link(one, ago=LIFETIME + timedelta(seconds=1)),
        link(hashlib.sha256(b"nobody").digest()),
        f"/pictures/nothing?{query}",
        f"/pictures/%00%FF?{query}&signature=%FF",
    ):
        assert answer(receiver.get(wrong)) == unknown, wrong
    assert answer(box.get(good)) == unknown  # its receiver has no secret
    assert receiver.get(good).status_code == 200
    assert receiver.open(path, method="GET", data=b"a body").status_code == 404
    with database.read() as connection:
        assert counts(connection).quarantine == 0


def test_the_database_is_not_asked_before_the_signature_is_checked(box_for: BoxFor, tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path}/away.db"
    receiver = box_for(**SET, database_url=away)
    good = link(bytes(32))
    assert receiver.get(good.replace("signature=", "signature=0")).status_code == 404
    assert receiver.get(link(bytes(32), ago=LIFETIME)).status_code == 404
    reply = receiver.get(good)
    assert reply.status_code == 503
    assert reply.json["title"] == "The picture could not be read"


def test_while_the_database_hangs_pictures_leave_threads_to_the_boxes(
    receiver: BoxClient, shown: list[tuple[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, asked = threading.Event(), threading.Semaphore(0)

    def hang(*_: Any) -> None:
        asked.release()
        hangs.wait(10)

    monkeypatch.setattr(pictures, "get", hang)
    waiting = [threading.Thread(target=receiver.get, args=(link(shown[0][1]),)) for _ in range(AT_ONCE)]
    for thread in waiting:
        thread.start()
        assert asked.acquire(timeout=10)
    assert receiver.get(link(shown[0][1])).status_code == 503
    hangs.set()
    for thread in waiting:
        thread.join()
    monkeypatch.undo()
    assert receiver.get(link(shown[0][1])).status_code == 200


def test_what_is_no_image_is_not_served_as_what_it_says(
    receiver: BoxClient, shown: list[tuple[str, bytes]], database: Database
) -> None:
    sha256 = shown[0][1]
    for media_type in ("text/html", "image/svg+xml", "image/jpeg; charset=x"):
        with database.write() as connection:
            connection.execute(
                update(PictureRow).where(PictureRow.sha256 == sha256).values(media_type=media_type)
            )
        reply = receiver.get(link(sha256))
        assert reply.status_code == 200
        assert reply.headers["Content-Type"] == "application/octet-stream"


def test_the_log_says_why_but_holds_no_link(
    receiver: BoxClient, shown: list[tuple[str, bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    expired, unstored = link(shown[0][1], ago=LIFETIME), link(bytes(32))
    tampered = link(shown[0][1]).replace("signature=", "signature=0")
    unsigned = f"/pictures/{shown[0][1].hex()}"
    for path in (expired, tampered, unstored, unsigned, "/pictures/%0Aevil%1B[0m", link(shown[1][1])):
        receiver.get(path)
    receiver.post(tampered, data=b"a body")
    log = capsys.readouterr().err
    for reason in ("its time is over", "its signature is wrong", "the picture is not stored"):
        assert f"reason='{reason}'" in log
    begins = f"picture={shown[0][1].hex()[:12]} reason='it has no signature' request="
    assert re.search(f"{re.escape(begins)}[0-9a-f]+ source=127.0.0.1", log)
    assert len(log.splitlines()) == 6  # the posted one is refused as on any path
    for path in (expired, tampered, unstored):
        assert path.rpartition("=")[2] not in log
    assert shown[0][1].hex() not in log


def test_pictures_are_only_read(receiver: BoxClient, shown: list[tuple[str, bytes]]) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        reply = receiver.open(link(shown[0][1]), method=method)
        assert reply.status_code == 405
        assert reply.headers["Allow"] == "GET, HEAD"


def test_pictures_of_many_events_are_told_in_the_order_of_their_places(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_SLICE", 2)
    new_events = [new_event(number) for number in range(5)]
    without = new_event(9, reg_pic="")
    bare = dataclasses.replace(without, pictures=())
    with database.write() as connection:
        events.record(connection, [*new_events, bare])
        found = pictures.shown_by(connection, [*(new.event.id for new in new_events), bare.event.id])
    for new in new_events:
        assert found[new.event.id] == [(use.field, use.picture.sha256) for use in new.pictures]
    assert found[bare.event.id] == []
    assert list(found)[0:5] == [new.event.id for new in new_events]


def test_a_picture_that_is_not_there_is_none(database: Database) -> None:
    with database.read() as connection:
        assert pictures.get(connection, bytes(32)) is None
        assert pictures.shown_by(connection, [UUID(int=1)]) == {UUID(int=1): []}

"""People are found and shown with all that their events tell; strangers stand beside those they look like."""

import base64
import re
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from sqlalchemy import delete, text

from app.console.people import faces as reading
from app.domain.events import NewEvent
from app.domain.likeness import Likeness
from app.domain.people import STRANGER
from app.simulators import faces
from app.store import audit, event_search, events, likenesses, people
from app.store.database import Database
from app.store.event_search import Search
from app.store.models import EventPictureRow, FaceLikenessRow, PictureRow
from tests.console.conftest import Person
from tests.console.test_events import EXT_DATA, found, newest_first, record
from tests.integration.test_long_outbox import plan_of, statements
from tests.support.new_events import new_event

ODD = "a/b?c&d=é #1 ..%"


@pytest.fixture(autouse=True)
def _time_to_read_all_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_SECONDS", 60.0)


def as_sent(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode()


def of(identity_id: str, number: int, person_type: int | None = 1, **changes: Any) -> NewEvent:
    """An event of somebody."""
    ext_data = EXT_DATA | {"person_type": person_type} | changes.pop("ext_data", {})
    if person_type is None:
        del ext_data["person_type"]
    return new_event(number, identity_id=identity_id, ext_data=ext_data, **changes)


def stranger_event(number: int, person: int, sequence: int) -> NewEvent:
    """One of a stranger, who has a new id each time."""
    face = {"recognize_face": as_sent(faces.face_crop(person, sequence))}
    return of(f"160261203{number}.38", number, STRANGER, identity_name=f"No {number}", ext_data=face)


def all_people(database: Database, searched: str = "", limit: int = 50) -> list[str]:
    """Whom all pages show."""
    ids: list[str] = []
    after: str | None = ""
    with database.read() as connection:
        while after is not None:
            page = people.find(connection, searched, limit, after)
            ids += [person.identity_id for person in page.people]
            after = page.after
    return ids


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
@pytest.mark.parametrize("looked_at", [1, 3, 100])
def test_pages_show_each_known_person_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    known = [f"{number:03}" for number in range(11)]
    record(
        database,
        *(
            of(one, n, [1, 2, 3, 5, None][n % 5], identity_name=f"name {n % 3}")
            for n, one in enumerate(known)
        ),
        *(of(one, 100 + n) for n, one in enumerate(known)),
        *(of(f"00{n}.5", 200 + n, STRANGER) for n in range(5)),
    )
    monkeypatch.setattr(people, "MOST_PEOPLE", looked_at)
    assert all_people(database, "", limit) == known
    assert all_people(database, "010", limit) == ["010"]
    assert all_people(database, "nobody", limit) == []


def test_a_person_is_found_by_a_part_of_the_last_name_or_of_the_id(database: Database) -> None:
    record(database, of("emp-1", 1, identity_name="Ölga"), of("emp-2", 2, identity_name="王小明"))
    assert all_people(database, "öL") == ["emp-1"]
    assert all_people(database, "小") == ["emp-2"]
    assert all_people(database, "EMP") == ["emp-1", "emp-2"]


def test_a_person_is_shown_as_of_the_first_and_the_last_event(database: Database) -> None:
    ids = [record(database, of("7", n, identity_name=f"Name {n}", group_name=f"g{n}"))[0] for n in range(3)]
    last = max(ids)
    with database.read() as connection:
        [person] = people.find(connection, "", 50).people
        assert people.get(connection, "7") == person
        assert people.get(connection, "8") is None
    assert (person.first, person.last) == (min(ids), last)
    assert (person.name, person.group) == (f"Name {ids.index(last)}", f"g{ids.index(last)}")


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_all_events_of_a_person_are_found_however_many_others_came_since(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    rare = record(database, of("7", 1), of("7", 2, STRANGER), of("7", 3))
    record(database, *(of("8", 10 + n) for n in range(20)))
    monkeypatch.setattr(event_search, "MOST_LOOKED_AT", 4)
    assert found(database, Search(identity="7"), limit) == newest_first(rare)
    assert found(database, Search(identity="7", person_type=STRANGER), limit) == [rare[1]]
    assert found(database, Search(identity="8", least_score=1000), limit) == []


def test_people_and_their_events_are_found_by_an_index(database: Database) -> None:
    record(database, *(of(f"{n:03}", n, [1, STRANGER][n % 2]) for n in range(64)))
    fill(database)
    with database.read() as connection, statements(connection) as executed:
        people.find(connection, "", 50)
        people.get(connection, "001")
        people.photos(connection, "001")
        people.cameras(connection, "001")
        event_search.find(connection, Search(identity="001"), 50)
    with database.read() as connection:
        plans = [plan_of(database, connection, *one) for one in executed if "events" in one[0]]
    assert len(plans) == 7
    for plan in plans:
        assert not re.search(r"SCAN events|SEARCH events(?! USING)|Seq Scan on events", plan), plan
        assert "ix_events_known" in plan or "ix_events_strangers" in plan, plan


def fill(database: Database) -> None:
    """Make the events many: PostgreSQL reads a small table from end to end, whatever indexes it has."""
    columns = "kind, route, source_address, received_at, occurred_at, timestamp, person_type, document, typed"
    new_id = "lower(hex(randomblob(16)))" if database.sqlite_file else "gen_random_uuid()"
    digest = "randomblob(32)" if database.sqlite_file else "sha256(gen_random_uuid()::text::bytea)"
    double = (
        f"INSERT INTO events (id, sighting_id, identity_id, fingerprint, {columns})"
        f" SELECT {new_id}, sighting_id, identity_id, {digest}, {columns} FROM events"
    )
    with database.write() as connection:
        for _ in range(8):
            connection.execute(text(double))
        connection.execute(text("ANALYZE"))


def test_the_page_of_people_leads_to_each_whatever_the_id_is(viewer: Person, database: Database) -> None:
    record(database, of(ODD, 1, identity_name="<b>Odd</b>"), of("7", 2, identity_name="Seven"))
    page = viewer.get("/people").text
    assert "&lt;b&gt;Odd" in page
    hrefs = [href.replace("&amp;", "&") for href in re.findall(r'href="(/person[^"]+)"', page)]
    pages = [viewer.get(href).text for href in hrefs]
    assert len(pages) == 2
    assert sum("&lt;b&gt;Odd" in one for one in pages) == 1
    assert "Seven" in viewer.get("/people?text=sev").text
    assert "No such people." in viewer.get("/people?text=nobody").text


def test_a_person_s_page_shows_events_photos_and_cameras(viewer: Person, database: Database) -> None:
    photos = [as_sent(faces.library_photo(n)) for n in range(2)]
    cameras = [{"ep_id": f"KEY__192.0.2.{n}"} for n in range(2)]
    ids = [
        record(database, of("7", n, reg_pic=photos[n // 30], ext_data=cameras[n // 30]))[0] for n in range(60)
    ]
    record(database, of("8", 99, reg_pic=as_sent(faces.library_photo(9)), identity_name="Other"))
    page = viewer.get("/person?id=7").text
    used = re.findall(r'<figure><a href="/pictures/(\w+)"', page)
    with database.read() as connection:
        found_photos = people.photos(connection, "7")
        found_cameras = people.cameras(connection, "7")
    assert used == [photo.sha256.hex() for photo in found_photos]
    assert [(photo.first, photo.last) for photo in found_photos] == [
        (min(part), max(part)) for part in (ids[30:], ids[:30])
    ]
    assert sorted((use.camera, use.events) for use in found_cameras) == [
        ("KEY__192.0.2.0", 30),
        ("KEY__192.0.2.1", 30),
    ]
    assert "KEY__192.0.2.1" in page
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    second = viewer.get(older[1].replace("&amp;", "&")).text
    shown = [re.findall(r'href="/events/([\w-]{36})"', one) for one in (page, second)]
    assert [UUID(one) for one in shown[0] + shown[1]] == newest_first(ids)


@pytest.mark.parametrize(
    "path", ["/person", "/person?id=nobody", "/person?id=%00", "/people?after=%00", "/people?text=%00"]
)
def test_nobody_is_a_page_that_says_so(viewer: Person, path: str) -> None:
    assert viewer.get(path).status_code == 404


def groups_on(page: str) -> list[set[str]]:
    """The names in each group of the page, and then those in none."""
    parts = re.split(r"<section", page)[1:]
    return [set(re.findall(r'class="who">([^<]+)<', part)) for part in parts]


def test_strangers_stand_beside_those_they_look_like(viewer: Person, database: Database) -> None:
    new = [stranger_event(n, person, n * 5) for n, person in enumerate((3, 6, 3, 6, 3, 11))]
    record(database, *new, of("7", 99, identity_name="Known"), of("8.5", 98, STRANGER, identity_name="Bare"))
    page = viewer.get("/strangers").text
    assert "no recognition" in page
    assert "Known" not in page
    assert groups_on(page) == [{"No 0", "No 2", "No 4"}, {"No 1", "No 3"}, {"No 5", "Bare"}]


def test_each_face_is_read_once_and_a_broken_one_never_again(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"recognize_face": as_sent(b"\xff\xd8\xff" + bytes(100))}
    record(database, stranger_event(1, 3, 1), of("8.5", 2, STRANGER, identity_name="Broken", ext_data=broken))
    read: list[bytes] = []
    likeness_of = reading.likeness_of

    def note(content: bytes) -> Likeness | None:
        read.append(content)
        return likeness_of(content)

    monkeypatch.setattr(reading, "likeness_of", note)
    pages = [viewer.get("/strangers").text for _ in range(2)]
    assert len(read) == 2
    assert all(groups_on(page) == [{"No 1", "Broken"}] for page in pages)


def test_a_page_comes_though_there_is_no_time_to_read_all_faces(
    viewer: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_SECONDS", 0.0)
    record(database, *(stranger_event(n, 3, n * 7) for n in range(3)))
    assert "2 faces are not compared yet" in viewer.get("/strangers").text
    assert "1 face is not compared yet" in viewer.get("/strangers").text
    assert "not compared yet" not in (page := viewer.get("/strangers").text)
    assert groups_on(page) == [{"No 0", "No 1", "No 2"}]


def test_what_is_kept_of_a_face_goes_with_its_picture(viewer: Person, database: Database) -> None:
    record(database, stranger_event(1, 3, 1))
    viewer.get("/strangers")
    with database.write() as connection:
        [sha256] = connection.scalars(
            FaceLikenessRow.__table__.select().with_only_columns(FaceLikenessRow.sha256)
        )
        assert likenesses.of_pictures(connection, [sha256])
        connection.execute(delete(EventPictureRow).where(EventPictureRow.sha256 == sha256))
        connection.execute(delete(PictureRow).where(PictureRow.sha256 == sha256))
        assert likenesses.of_pictures(connection, [sha256]) == {}


def test_the_audit_log_tells_which_people_were_seen(viewer: Person, database: Database) -> None:
    record(database, of("7", 1), of(ODD, 2), stranger_event(3, 3, 3))
    for path in ("/people?text=x", "/people", f"/person?id={quote(ODD)}", "/strangers"):
        assert viewer.get(path).status_code == 200
    with database.read() as connection:
        strangers, one, listed, asked, _login = audit.latest(connection, 5)
        [newest] = events.latest(connection, 1)
    assert (asked.action, asked.subject) == ("people_seen", "none x")
    assert listed.action == "people_seen"
    assert listed.subject.startswith("2 from ")
    assert (one.action, one.subject) == ("person_seen", ODD)
    assert strangers.action == "strangers_seen"
    assert newest.id


def test_an_id_too_long_for_an_index_is_stored_and_found(database: Database) -> None:
    name = "x" * 5000
    [event_id] = record(database, new_event(1, identity_id=name))
    record(database, new_event(2))
    assert found(database, Search(identity=name)) == [event_id]

"""A person is forgotten: nothing of them stays, and all of the others does."""

import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from app.config import Settings
from app.domain.delivery import DeliveryState
from app.domain.events import NewEvent
from app.domain.users import Role
from app.people.forgetting import Forgotten, forget
from app.store import audit, counters, likenesses, quarantine, reviews, users
from app.store.database import Database
from app.store.models import DeliveryAttemptRow, OutboxRow
from app.store.queries import quick_counts
from app.store.removal import space
from tests.support.forgetting import ANNA, forgotten, refuse, refuse_unreadable, se3_person
from tests.support.new_events import RECEIVED_AT
from tests.support.people import Rows, event_of, rows, store


def settle(database: Database, event_id: UUID, state: DeliveryState) -> None:
    """As the forwarder would: what it delivers is counted."""
    with database.write() as connection:
        is_it = OutboxRow.event_id == event_id
        connection.execute(update(OutboxRow).where(is_it).values(state=state))
        counters.add_deliveries(connection, {state: 1})


def user_id_of(database: Database, name: str) -> int:
    with database.write() as connection:
        if users.named(connection, name) is None:
            users.add(connection, name, Role.VIEWER, "hash")
        user: Any = users.named(connection, name)
        return int(user.id)


SEEN = st.tuples(
    st.sampled_from(["A", "B", "C"]),  # whom
    st.integers(0, 5),  # the picture, which others may show, too
    st.sampled_from(DeliveryState),
    st.booleans(),  # whether it was reviewed, and tried in vain
    st.sampled_from([1, 4, None]),  # known, or a stranger
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seen=st.lists(SEEN, min_size=1, max_size=12))
def test_nothing_of_a_person_stays_and_all_of_the_others_does(database: Database, seen: list[Any]) -> None:
    run, user = uuid4().hex, user_id_of(database, "anna")
    for number, (who, picture, state, is_marked, person_type) in enumerate(seen):
        new = event_of(
            f"{who}-{run}", number, spot=f"{run} {picture}", person_type=person_type, odd=f"{who}-{run}"
        )
        [event_id] = store(database, new)
        settle(database, event_id, state)
        if is_marked:
            mark(database, event_id, user, new)
    before = rows(database)
    done = forgotten(database, f"A-{run}") or Forgotten(is_whole=True)
    after = rows(database)
    gone = {row["id"] for row in before["events"] if row["identity_id"] == f"A-{run}"}
    assert done == Forgotten(len(gone), done.pictures, 0, is_whole=True)
    assert everything_but(after, {}) == everything_but(before, gone)
    found = [row for name, some in after.items() for row in some if f"A-{run}" in repr(row)]
    assert [row["action"] for row in found] == ["person_forgotten"] * bool(gone)
    assert "Name of" not in repr(found)
    with database.read() as connection:
        assert quick_counts(connection).events == len(after["events"])
        assert counters.value(connection, counters.FORGOTTEN) >= len(gone)


def mark(database: Database, event_id: UUID, user_id: int, new: NewEvent) -> None:
    """What else may hang on an event: a review, a failed attempt, what its face is compared by."""
    with database.write() as connection:
        reviews.mark(connection, user_id, event_id)
        outbox_id = connection.scalar(select(OutboxRow.id).where(OutboxRow.event_id == event_id))
        attempt = {
            "outbox_id": outbox_id,
            "number": 1,
            "at": RECEIVED_AT,
            "reason": f"of {new.event.identity_id}",
        }
        connection.execute(insert(DeliveryAttemptRow).values(attempt))
        likenesses.keep(connection, {use.picture.sha256: None for use in new.pictures})


def everything_but(found: Rows, gone: Any) -> Rows:
    """What has to stay if these events go: compared as it is, but for counters and the audit log."""
    deliveries = {row["id"] for row in found["outbox"] if row["event_id"] in gone}
    shown = {row["sha256"] for row in found["event_pictures"] if row["event_id"] not in gone}
    goes = {
        "events": lambda row: row["id"] in gone,
        "delivery_attempts": lambda row: row["outbox_id"] in deliveries,
        "pictures": lambda row: row["sha256"] not in shown,
        "face_likeness": lambda row: row["sha256"] not in shown,
    }
    return {
        name: [row for row in some if not goes.get(name, lambda row: row.get("event_id") in gone)(row)]
        for name, some in found.items()
        if name not in ("counters", "audit")
    }


def test_nothing_is_left_in_sqlites_files(sqlite_url: str, tmp_path: Path) -> None:
    with closing(Database(sqlite_url)) as database:
        with database.read() as connection:  # some builds of SQLite leave what is deleted unless told so
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        secret = event_of("A-73521", 1, name="Somebody Secret", spot="a secret face")
        store(database, secret, *(event_of("B", number) for number in range(2, 60)))
        store(database, *(event_of("A-73521", number, name="Somebody Secret") for number in range(100, 130)))
        files = [file for file in tmp_path.iterdir() if file.name.startswith("se3.db")]
        assert b"Somebody Secret" in b"".join(file.read_bytes() for file in files)
        forgotten(database, "A-73521")
        left = b"".join(file.read_bytes() for file in files if file.exists())
        for trace in (b"Somebody Secret", b"a secret face", secret.event.id.hex.encode()):
            assert trace not in left
        assert left.count(b"A-73521") == 1  # in the audit log


NAMING = [
    (b'{"identity_id":"17","score":1}', "application/json"),
    (b'[{"a":{"identity_id": 17}}]', "application/json"),
    (b'{"events":"{\\"identity_id\\":\\"17\\"}"}', "application/json"),
    (b"identity_id=17&score=1", "application/x-www-form-urlencoded"),
    (b"event%5Bidentity_id%5D=17&score=1", "application/x-www-form-urlencoded"),
    (b'{"identity_id": "17", "score": ', "application/json"),
    ('{"identity_id":"17","identity_name":"小明"}'.encode("utf-16"), "application/json"),
]
NOT_NAMING = [
    (b'{"identity_id":"175","score":17}', "application/json"),
    (b'{"identity_id":"x17","other_id":"17"}', "application/json"),
    (b"identity_id=175&score=17", "application/x-www-form-urlencoded"),
    (b'{"identity_id": "175", "score": 17', "application/json"),
    (b"17", "text/plain"),
]


def test_refused_bodies_that_name_the_person_go_and_no_others(database: Database) -> None:
    naming = {refuse(database, *one) for one in NAMING}
    others = {refuse(database, *one) for one in NOT_NAMING}
    assert forgotten(database, "17") == Forgotten(0, 0, len(naming), is_whole=True)
    with database.read() as connection:
        assert set(quarantine.ids(connection)) == others


@pytest.mark.usefixtures("_command_settings")
def test_a_body_that_cant_be_decrypted_stays_is_told_of_and_holds_up_nobody(
    database: Database, tmp_path: Path
) -> None:
    unreadable = refuse_unreadable(database)
    told = "1 refused bodies could not be looked into"
    assert told in str(se3_person("forget", "A", "--yes").exception)
    assert forgotten(database, "A") == Forgotten(unreadable=1)
    store(database, event_of("A", 1))
    refuse(database, b'{"identity_id":"A"}')
    assert told in str(se3_person("export", "A", str(tmp_path / "a.zip")).exception)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert told in archive.read("refused/unreadable.txt").decode()
    done = se3_person("forget", "A", "--yes")
    assert (done.output, done.exit_code) == ("Removed 1 events, 2 pictures and 1 refused bodies.\n", 1)
    assert told in str(done.exception)
    with database.read() as connection:
        assert quarantine.ids(connection) == [unreadable]


def test_names_that_were_searched_for_leave_the_audit_log(database: Database) -> None:
    store(database, event_of("17", 1, name="Wei Li"), event_of("17", 2, name="小明"))
    subjects = [
        urlencode({"text": "Wei Li"}),
        "2 from 16 to 17 wei li",
        urlencode({"text": "小明"}),
        "查找小明的事件",
        urlencode({"text": "查找小明的事件"}),
        "Wei Liu",
        "17",
    ]
    with database.write() as connection:
        for subject in subjects:
            audit.note(connection, "anna", "192.0.2.8", "events_seen", subject)
    forgotten(database, "17")
    with database.read() as connection:
        found = [entry.subject for entry in audit.latest(connection, 10)][::-1]
    hidden = audit.FORGOTTEN
    assert found == [
        f"text={hidden}",
        f"2 from 16 to 17 {hidden}",
        f"text={hidden}",
        f"查找{hidden}的事件",
        urlencode({"text": "查找小明的事件"}).replace(quote("小明"), hidden),
        "Wei Liu",
        "17",
        "17, 2 events, 0 refused bodies",
    ]


def test_an_id_too_long_for_the_index_is_forgotten_too(database: Database) -> None:
    store(database, event_of("x" * 300, 1), event_of("x" * 299, 2))
    assert forgotten(database, "x" * 300).events == 1


def test_what_takes_long_is_done_in_parts(database: Database) -> None:
    store(database, *(event_of("A", number) for number in range(60)))
    first: Any = forget(database, Settings(), "A", ANNA, seconds=0)
    assert (first.events, first.is_whole) == (20, False)
    assert forget(database, Settings(), "A", ANNA) == Forgotten(40, 41, 0, is_whole=True)


def test_a_request_ends_in_time_though_refused_bodies_are_many(database: Database) -> None:
    store(database, event_of("A", 1))
    body = refuse(database, b'{"identity_id":"A"}')
    assert forget(database, Settings(), "A", ANNA, seconds=0) == Forgotten(1, 2, 0, is_whole=False)
    assert forget(database, Settings(), "A", ANNA, seconds=0) == Forgotten()
    with database.read() as connection:
        assert quarantine.ids(connection) == [body]
    assert forget(database, Settings(), "A", ANNA) == Forgotten(0, 0, 1, is_whole=True)


def test_a_request_leaves_it_to_others_to_give_room_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[int] = []
    monkeypatch.setattr(space, "give_back", lambda *_: given_back.append(1))
    with closing(Database(sqlite_url)) as database:
        store(database, event_of("A", 1), event_of("B", 2))
        assert forget(database, Settings(), "A", ANNA, seconds=9) == Forgotten(1, 2, 0, is_whole=True)
        assert given_back == []
        assert forget(database, Settings(), "B", ANNA) is not None
        assert given_back == [1]


@pytest.mark.usefixtures("_command_settings")
def test_the_command_says_what_will_go_and_asks(database: Database) -> None:
    store(database, event_of("A", 1, spot="shared"), event_of("A", 2), event_of("B", 3, spot="shared"))
    refuse(database, b'{"identity_id":"A"}')
    asked = se3_person("forget", "A")
    assert str(asked.exception) == (
        "2 events, of which EnOS has not got 2, with as many outbox rows, 2 pictures (1 more stay: others'"
        " events show them) and 1 refused bodies of A will be removed for good, if you say --yes: there is no"
        " terminal to ask on. Nothing was changed"
    )
    done = se3_person("forget", "A", "--yes")
    assert (done.exit_code, done.output) == (0, "Removed 2 events, 2 pictures and 1 refused bodies.\n")
    assert str(se3_person("forget", "A", "--yes").exception) == "there is nothing of A"
    assert se3_person("forget", "").exit_code == 2

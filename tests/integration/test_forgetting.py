"""A person is forgotten: nothing of them stays, and all of the others does."""

import fcntl
import json
import threading
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, update
from sqlalchemy import event as sqlalchemy_event

from app.cli.main import se3
from app.config import Settings
from app.domain.delivery import DeliveryState
from app.domain.events import Arrival, NewEvent
from app.domain.refusals import Refusal
from app.domain.times import EPOCH
from app.domain.users import Actor, Role
from app.people.forgetting import Forgotten, forget
from app.store import (
    audit,
    counters,
    events,
    likenesses,
    outbox,
    pictures,
    quarantine,
    reviews,
    users,
)
from app.store.batches import Batches, Job
from app.store.database import Database
from app.store.keyring import Keyring
from app.store.models import DeliveryAttemptRow, OutboxRow
from app.store.queries import quick_counts
from app.store.removal import holds, space
from app.store.removal.holds import OnHold
from app.store.removal.slices import remove
from app.store.settlements import Settlement
from app.store.spool.spool import Spool
from tests.support.fake_exchange import FakeExchange
from tests.support.new_events import BOUNDS, RECEIVED_AT
from tests.support.people import Rows, event_of, rows, store
from tests.support.relays import relay_for

ANNA = Actor("anna", "192.0.2.8")


def forgotten(database: Database, person: str, **changes: Any) -> Any:
    return forget(database, Settings(database_url=database.url.render_as_string(), **changes), person, ANNA)


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


def test_what_a_forwarder_holds_is_gone_when_enos_answers(database: Database) -> None:
    ids = store(database, event_of("A", 1), event_of("B", 2))
    exchange = FakeExchange(lambda _elements: None)  # it is on its way
    relay = relay_for(database, exchange)
    relay.step()
    [(message, _)] = exchange.messages
    forgotten(database, "A")
    exchange.answer = lambda _elements: 200
    exchange.reply(message, 200)
    for _ in range(3):
        relay.step()
    with database.read() as connection:
        found = quick_counts(connection)
        assert events.get(connection, ids[0]) is None
    assert (found.events, found.outbox["delivered"], found.waiting) == (1, 1, 0)


def test_what_was_claimed_and_not_read_yet_is_gone_too(database: Database) -> None:
    store(database, event_of("A", 1), event_of("A", 2))
    exchange = FakeExchange()
    relay = relay_for(database, exchange)
    claims: Any = relay._claims
    claims._claimed = claims._claim(10)
    forgotten(database, "A")
    relay.step()
    assert exchange.messages == []
    with database.read() as connection:
        assert quick_counts(connection).events == 0


def test_an_event_that_shows_a_picture_just_being_removed_is_stored(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver has found the picture there; it goes before the receiver has linked it."""
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        store(database, event_of("A", 1, spot="shared"))
        removed = threading.Event()
        link = pictures._LINK.execute

        def remove_before_link(connection: Connection, rows: Any) -> None:
            if not removed.is_set():
                removed.set()
                assert forgotten(other, "A").pictures == 2
            link(connection, rows)

        monkeypatch.setattr(pictures._LINK, "execute", remove_before_link)
        outcomes: list[Any] = []
        Batches(database, BOUNDS).write([Job([event_of("B", 2, spot="shared")], outcomes.append)])
        assert removed.is_set()
        [[recorded]] = outcomes
        with database.read() as connection:
            assert len(pictures.uses_of(connection, recorded.id)) == 2


def test_a_picture_that_another_transaction_links_is_not_waited_for_and_stays(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        [old] = store(database, event_of("A", 1, spot="shared"))
        with database.write() as connection:
            [new] = events.record(connection, [event_of("B", 2, spot="shared")])
            with other.write() as removing:
                first = remove(removing, [old], counters.FORGOTTEN)
            assert (first.events, first.pictures, len(first.left)) == (1, 1, 1)
        with other.write() as removing:
            again = remove(removing, [], counters.FORGOTTEN, left=first.left)
        assert (again.pictures, again.left) == (0, frozenset())
        with database.read() as connection:
            assert len(pictures.uses_of(connection, new.id)) == 2


def test_a_delivery_that_is_being_settled_is_not_waited_for(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        [event_id] = store(database, event_of("A", 1))
        with database.write() as connection:
            [row] = outbox.claim(connection, "enos", uuid4(), RECEIVED_AT, 1)
        with database.write() as connection:
            done = Settlement(row, DeliveryState.DELIVERED, 1, EPOCH, 200)
            assert outbox.settle(connection, [done], RECEIVED_AT) == 1
            with other.write() as removing:
                assert remove(removing, [event_id], counters.FORGOTTEN).events == 0
        assert forgotten(other, "A").events == 1
        with database.read() as connection:
            assert quick_counts(connection).events == 0


def test_an_event_that_comes_again_just_as_it_is_removed_is_stored(postgresql_url: str) -> None:
    with closing(Database(postgresql_url)) as database, closing(Database(postgresql_url)) as other:
        store(database, event_of("A", 1))
        looked = threading.Event()

        def remove_before_look(*arguments: Any) -> None:
            if "events.fingerprint = " in arguments[2] and not looked.is_set():
                looked.set()
                forgotten(other, "A")

        sqlalchemy_event.listen(database.engine, "before_cursor_execute", remove_before_look)
        outcomes: list[Any] = []
        Batches(database, BOUNDS).write([Job([event_of("A", 1)], outcomes.append)])
        assert looked.is_set()
        assert [[one.duplicate for one in outcome] for outcome in outcomes] == [[False]]


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


def refuse(database: Database, body: bytes, content_type: str = "application/json") -> UUID:
    arrival = Arrival("/HistoryEvent", "192.0.2.7", RECEIVED_AT)
    with database.write() as connection:
        [found] = quarantine.keep(
            connection, [Refusal(arrival, "POST", content_type, 422, "refused", [], body)]
        )
    return found


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


def refuse_unreadable(database: Database) -> UUID:
    """A refused body of somebody else, whose key is missing afterwards."""
    with closing(Database(database.url.render_as_string(hide_password=False), Keyring([bytes(32)]))) as other:
        return refuse(other, b'{"identity_id":"B"}')


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


def test_who_is_on_hold_is_not_forgotten_until_released(database: Database) -> None:
    store(database, event_of("A", 1))
    with database.write() as connection:
        holds.hold(connection, "A", "a lawsuit", ANNA)
    with pytest.raises(OnHold, match=r"on hold since .* by anna: a lawsuit"):
        forgotten(database, "A")
    with database.write() as connection:
        holds.release(connection, "A", "it is settled", ANNA)
    assert forgotten(database, "A").events == 1
    with database.read() as connection:
        found = [(entry.action, entry.subject) for entry in audit.latest(connection, 10)]
    assert found == [
        ("person_forgotten", "A, 1 events, 0 refused bodies"),
        ("person_released", "A it is settled"),
        ("person_held", "A a lawsuit"),
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


@pytest.fixture
def _command_settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url.replace("+psycopg", ""))


def se3_person(*arguments: str) -> Any:
    return CliRunner().invoke(se3, ["person", *arguments])


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


@pytest.mark.usefixtures("_command_settings")
def test_the_command_holds_and_releases(database: Database) -> None:
    store(database, event_of("A", 1))
    assert se3_person("hold", "A", "--reason", "a lawsuit").exit_code == 0
    assert "a lawsuit" in se3_person("holds").output
    assert "on hold" in str(se3_person("forget", "A", "--yes").exception)
    assert "on hold already" in str(se3_person("hold", "A", "--reason", "another").exception)
    assert se3_person("release", "A", "--reason", "over").exit_code == 0
    assert str(se3_person("release", "A", "--reason", "over").exception) == "A is not on hold"
    assert str(se3_person("hold", "C", "--reason", "r").exception) == "there is no person C"


@pytest.mark.usefixtures("_command_settings")
def test_all_there_is_of_a_person_is_handed_over(database: Database, tmp_path: Path) -> None:
    theirs = [event_of("A", number, odd=number) for number in range(120)]
    store(database, *theirs, event_of("B", 999))
    body = b'{"identity_id":"A","score":'
    refused = refuse(database, body)
    file = tmp_path / "a.zip"
    assert se3_person("export", "A", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        lines = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
        assert {line["id"] for line in lines} == {str(new.event.id) for new in theirs}
        assert sorted(line["document"]["ext_data"]["odd"] for line in lines) == list(range(120))
        shown = {use.picture.sha256.hex(): use.picture.content for new in theirs for use in new.pictures}
        pictured = [name for name in archive.namelist() if name.startswith("pictures/")]
        assert {name: archive.read(name) for name in pictured} == {
            f"pictures/{sha256}.jpg": content for sha256, content in shown.items()
        }
        assert archive.read(f"refused/{refused}") == body
    assert "exists" in str(se3_person("export", "A", str(file)).exception)
    with database.read() as connection:
        [entry] = audit.latest(connection, 5)
    assert (entry.action, entry.subject) == ("person_exported", "A, 120 events, 1 refused bodies")


@pytest.mark.usefixtures("_command_settings")
def test_nothing_of_nobody_is_handed_over(database: Database, tmp_path: Path) -> None:
    store(database, event_of("B", 1))
    assert str(se3_person("export", "A", str(tmp_path / "a.zip")).exception) == "there is nothing of A"
    assert list(tmp_path.glob("a.zip*")) == []


def test_what_waits_in_the_spool_is_forgotten_and_the_rest_stays(postgresql_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=postgresql_url, spool_path=tmp_path / "spool.db")
    naming, other = (
        Refusal(Arrival("/x", "192.0.2.7", RECEIVED_AT), "POST", "application/json", 422, "refused", [], body)
        for body in (b'{"identity_id":"A"}', b'{"identity_id":"B"}')
    )
    with closing(Database(postgresql_url)) as database, closing(Spool(settings.spool_path)) as spool:
        spool.put([[event_of("A", 1), event_of("B", 2)], [event_of("A", 3)], [naming], [other]])
        assert forget(database, settings, "A", ANNA) == Forgotten(2, 0, 1, is_whole=True)
        assert (spool.waiting().requests, spool.waiting().events) == (2, 1)
        left = [item for content in spool.oldest(0, 9).values() for item in spool.items_in(content)]
        assert [item.event.identity_id for item in left if isinstance(item, NewEvent)] == ["B"]
        assert [item.body for item in left if isinstance(item, Refusal)] == [other.body]
        assert forget(database, settings, "A", ANNA) is None
        with database.read() as connection:
            assert audit.latest(connection, 1)[0].subject == "A, 2 events, 1 refused bodies"


def test_the_command_finds_who_is_only_in_the_spool(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgresql_url.replace("+psycopg", ""))
    monkeypatch.setenv("SPOOL_PATH", str(tmp_path / "spool.db"))
    with closing(Database(postgresql_url)) as database, closing(Spool(tmp_path / "spool.db")) as spool:
        store(database, event_of("B", 1))
        spool.put([[event_of("A", 1), event_of("B", 2)]])
        assert "and 1 that wait in this machine's spool" in str(se3_person("forget", "A").exception)
        assert se3_person("forget", "A", "--yes").output.startswith("Removed 1 events")
        assert spool.waiting().events == 1
        assert str(se3_person("forget", "A", "--yes").exception) == "there is nothing of A"


def test_nothing_of_the_forgotten_is_left_in_the_files_of_the_spool(
    postgresql_url: str, tmp_path: Path
) -> None:
    settings = Settings(database_url=postgresql_url, spool_path=tmp_path / "spool.db")
    with closing(Database(postgresql_url)) as database, closing(Spool(settings.spool_path)) as spool:
        spool.put([[event_of("somebody-known", 1)], [event_of("B", 2)]])

        def is_found() -> bool:
            return any(b"somebody-known" in file.read_bytes() for file in tmp_path.glob("spool.db*"))

        assert is_found()
        assert forget(database, settings, "somebody-known", ANNA) is not None
        assert not is_found()  # the spool is still open, as a receiver's would be


def test_who_may_be_in_a_request_that_cannot_be_read_is_not_said_to_be_forgotten(
    postgresql_url: str, tmp_path: Path
) -> None:
    settings = Settings(database_url=postgresql_url, spool_path=tmp_path / "spool.db")
    with closing(Database(postgresql_url)) as database, closing(Spool(settings.spool_path)) as spool:
        spool.put([[event_of("A", 1)]])
        with closing(Spool(settings.spool_path, Keyring([bytes(32)]))) as other:
            other.put([[event_of("A", 2)]])
        assert forget(database, settings, "A", ANNA) == Forgotten(1, unread=1)
        assert forget(database, settings, "A", ANNA) == Forgotten(unread=1)
        assert spool.waiting().requests == 1


def test_forgetting_waits_for_what_is_just_being_moved(postgresql_url: str, tmp_path: Path) -> None:
    """Else the spool would be empty already, and the event not yet in the database."""
    settings = Settings(database_url=postgresql_url, spool_path=tmp_path / "spool.db")
    with closing(Database(postgresql_url)) as database, closing(Spool(settings.spool_path)) as spool:
        spool.put([[event_of("A", 1)]])
        done: list[Any] = []
        forgetting = threading.Thread(target=lambda: done.append(forget(database, settings, "A", ANNA)))
        with spool.open_move_lock() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            forgetting.start()
            [(row_id, content)] = spool.oldest(0, 9).items()
            Batches(database, BOUNDS).write([Job(spool.items_in(content), done.append)])
            spool.remove([row_id])
        forgetting.join()
        assert done[-1] == Forgotten(1, 2, 0, is_whole=True)
        assert rows(database)["events"] == []

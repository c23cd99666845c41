"""A person is forgotten in the spool, too: what waits of them there goes, and the rest stays."""

import fcntl
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.domain.events import Arrival, NewEvent
from app.domain.refusals import Refusal
from app.people.forgetting import Forgotten, forget
from app.store import audit
from app.store.batches import Batches, Job
from app.store.database import Database
from app.store.keyring import Keyring
from app.store.spool.spool import Spool
from tests.support.forgetting import ANNA, se3_person
from tests.support.new_events import BOUNDS, RECEIVED_AT
from tests.support.people import event_of, rows, store


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

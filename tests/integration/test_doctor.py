"""se3 doctor: what it finds, and what it mends."""

import json
import os
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, text
from sqlalchemy.event import listens_for

from app.cli.main import se3
from app.console.access.passwords import hash_of
from app.doctor import database as of_database
from app.domain.events import NewEvent
from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.ids import new_id
from app.domain.users import Role
from app.enos.mapping.mapping import DEFAULT_CHANNEL
from app.errors import StoreUnavailable
from app.store import channels, clock, events, users
from app.store.database import Database
from app.store.keyring import Keyring, key_id_of
from app.store.models import EventPictureRow, PictureRow
from app.store.orphans import remove_unused_pictures
from app.store.schema import revisions
from app.store.spool.spool import Spool
from app.store.writer_files import WriterFiles
from tests.support.mosquitto import Mosquitto
from tests.support.new_events import new_event
from tests.support.ports import free_port

SECRET = "never-to-be-said"
ENOS = {"ENOS_PRODUCT_KEY": "pk", "ENOS_PRODUCT_SECRET": SECRET}


class Report:
    """What it said, as (is, text) by what each is about."""

    def __init__(self, code: int, output: str) -> None:
        self.code = code
        self.said: dict[str, list[tuple[str, str]]] = {}
        for line in map(json.loads, output.splitlines()):
            self.said.setdefault(line["about"], []).append((line["is"], f"{line['text']} {line['advice']}"))

    def words(self, about: str) -> list[str]:
        """ok, warning, wrong or fixed, of each."""
        return [word for word, _ in self.said[about]]

    def text(self, about: str) -> str:
        """All that was said about it."""
        return "\n".join(said for _, said in self.said[about])


Examine = Callable[..., Report]


@pytest.fixture
def examine(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Examine:
    """Runs it on a fresh database, with these settings."""

    def run(*options: str, **settings: str) -> Report:
        for name, value in {"DATABASE_URL": database_url, "DISK_FLOOR_MB": "0", **settings}.items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(se3, ["doctor", "--json", *options])
        assert SECRET not in result.output
        return Report(result.exit_code, result.stdout)

    return run


class Listener:
    """A receiver that says this at /readyz; its block has its address."""

    def __init__(self, body: bytes) -> None:
        class Readyz(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path == "/readyz" else 404)
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Readyz)

    def __enter__(self) -> str:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def add_user(database: Database, role: Role, *, is_one_time: bool = False) -> None:
    with database.write() as connection:
        users.add(connection, f"{role}", role, hash_of("a long password"))
        user = users.named(connection, f"{role}")
        assert user
        users.set_password(connection, user, user.password_hash, is_one_time=is_one_time)


def record(database: Database, *numbers: int) -> None:
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in numbers])


def forwarder_is(database: Database, state: ForwarderState, reason: str | None = None) -> None:
    with database.write() as connection:
        now = clock.now(connection)
        one = Forwarder(new_id(), DEFAULT_CHANNEL, "srv1", 4711, now, now, state, reason, now)
        channels.beat(connection, one, timedelta(minutes=1))


@on_sqlite
def test_a_site_where_all_is_well_has_nothing_but_ok(examine: Examine, database: Database) -> None:
    add_user(database, Role.ADMIN)
    forwarder_is(database, ForwarderState.HEALTHY)
    with Listener(b'{"faults": []}') as bind:
        settings = {"RECEIVER_KEYS": "k" * 16, "RECEIVER_BIND": bind}
        found = examine(ENOS_BROKER_URL=f"mqtt://127.0.0.1:{free_port()}", **ENOS, **settings)
    assert {word for said in found.said.values() for word, _ in said} == {"ok"}
    assert found.code == 0


@pytest.mark.parametrize(
    ("settings", "about", "word"),
    [
        ({}, "who may send", "warning"),
        ({"RECEIVER_NETWORKS": "192.0.2.0/24"}, "who may send", "ok"),
        ({"RECEIVER_BIND": "127.0.0.1:9528"}, "who may send", "ok"),
        ({"RECEIVER_BIND": "127.0.0.1:9528", "RECEIVER_PROXIES": "1"}, "who may send", "warning"),
        ({"CONSOLE_BIND": "0.0.0.0:9529"}, "console", "warning"),
        ({"CONSOLE_BIND": "0.0.0.0:9529", "CONSOLE_PROXIES": "1"}, "console", "warning"),
        ({"CONSOLE_BIND": "0.0.0.0:9529", "GUNICORN_CMD_ARGS": "--certfile=a --keyfile=b"}, "console", "ok"),
        ({}, "console", "ok"),
        ({"DISK_FLOOR_MB": "1000000000"}, "disk", "wrong"),
        ({"MAX_BODY_MB": "many"}, "settings", "wrong"),
        ({"ENOS_MAPPING": "README.md"}, "settings", "wrong"),
    ],
)
@on_sqlite
def test_settings_are_judged(examine: Examine, settings: dict[str, str], about: str, word: str) -> None:
    found = examine(**settings)
    assert found.words(about) == [word]
    assert found.code == 1  # there is no admin, or worse


@on_sqlite
def test_the_receiver_is_asked_how_it_is(examine: Examine) -> None:
    assert examine(RECEIVER_BIND=f"127.0.0.1:{free_port()}").words("receiver") == ["warning"]
    with Listener(b'{"faults": ["no disk"]}') as bind:
        found = examine(RECEIVER_BIND=bind)
    assert found.said["receiver"] == [("wrong", "no disk See above and below.")]
    with Listener(b"<html>") as bind:
        assert examine(RECEIVER_BIND=bind).words("receiver") == ["warning"]


@on_sqlite
def test_a_forged_address_is_possible_where_others_reach_the_receiver_past_its_proxy(
    examine: Examine,
) -> None:
    found = examine(RECEIVER_PROXIES="1", RECEIVER_KEYS="k" * 16)
    assert found.words("who may send") == ["ok", "warning"]


@on_sqlite
def test_what_others_can_read_or_replace_is_closed_to_them(
    examine: Examine, database: Database, tmp_path: Path
) -> None:
    assert database.sqlite_file
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    for path, mode in ((secret, 0o644), (database.sqlite_file, 0o644), (tmp_path, 0o777)):
        path.chmod(mode)
    settings = {"ENOS_PRODUCT_SECRET_FILE": str(secret)}
    found = examine(**settings)
    assert found.words("permissions") == ["wrong"] * 3
    assert str(secret) in found.text("permissions")
    assert examine("--fix", **settings).words("permissions") == ["fixed"] * 3
    assert [path.stat().st_mode & 0o777 for path in (secret, database.sqlite_file)] == [0o640, 0o640]
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert examine(**settings).words("permissions") == ["ok"]


@on_sqlite
def test_secrets_of_dotenv_are_looked_at_too(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("app.config", "app.doctor.permissions"):
        monkeypatch.setattr(f"{module}.ROOT", tmp_path)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / ".env").write_text(f"ENOS_PRODUCT_SECRET_FILE={tmp_path}/secret\n")
    for name in ("secret", ".env"):
        (tmp_path / name).chmod(0o644)
    found = examine()
    assert found.words("permissions") == ["wrong", "wrong"]
    assert f"{tmp_path}/secret" in found.text("permissions")


@on_sqlite
def test_a_folder_for_all_is_left_as_it_is(examine: Examine, tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    found = examine("--fix")
    assert found.words("permissions")[0] == "wrong"
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@on_sqlite
def test_who_runs_it_as_another_user_is_told_so_and_leaves_no_files_of_their_own(
    examine: Examine, database: Database
) -> None:
    file = database.sqlite_file
    assert file
    os.chown(file, 65534, 65534)
    found = examine("--fix")
    assert "belongs to nobody" in found.text("permissions")
    assert "schema" not in found.said
    assert not list(file.parent.glob("*-wal"))


@on_sqlite
def test_a_database_that_is_not_there_is_made(examine: Examine, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/new/se3.db"}
    assert examine(**settings).words("schema") == ["wrong"]
    assert not (tmp_path / "new").exists()
    found = examine("--fix", **settings)
    assert found.words("schema") == ["fixed"]
    assert found.words("integrity") == ["ok"]


@on_sqlite
def test_tables_that_hold_something_are_not_upgraded_without_a_backup(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.schema.revisions", lambda: [*revisions(), "9999"])
    monkeypatch.setattr(of_database, "migrate", pytest.fail)
    found = examine("--fix")
    assert found.words("schema") == ["wrong"]
    assert "se3 backup first" in found.text("schema")


@on_sqlite
def test_what_cannot_be_mended_stays_wrong(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_database: Database) -> str:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(of_database, "migrate", fail)
    found = examine("--fix", DATABASE_URL=f"sqlite:///{tmp_path}/new/se3.db")
    assert found.words("schema") == ["wrong"]
    assert "the disk is full" in found.text("schema")
    assert found.code == 1


@on_sqlite
def test_a_damaged_file_and_a_stray_row_are_found(examine: Examine, database: Database) -> None:
    file = database.sqlite_file
    assert file
    record(database, *range(20))
    database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM events WHERE id = (SELECT max(id) FROM events)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found = examine()
    assert set(found.words("integrity")) == {"wrong"}
    assert "refers to one of events that is not there" in found.text("integrity")
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size - 3 * 4096)
        opened.write(b"\xff" * 2 * 4096)
    assert "is damaged" in examine().text("integrity")


@on_sqlite
def test_a_database_too_large_for_a_look_is_no_failure(
    examine: Examine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(database, *range(50))
    monkeypatch.setattr("app.store.integrity.LOOK_SECONDS", -1.0)
    monkeypatch.setattr("app.store.integrity._STEPS", 10)
    assert examine().words("integrity") == ["warning"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_does_not_wait_for_its_disk_is_wrong(examine: Examine) -> None:
    found = examine()
    assert set(found.words("integrity")) == {
        "wrong"
    }  # of the tests' server; our sessions set synchronous_commit
    assert "fsync is off" in found.text("integrity")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_waits_in_the_spool_is_told_and_the_spool_is_closed_to_others(
    examine: Examine, tmp_path: Path
) -> None:
    file = tmp_path / "spool.db"
    with closing(Spool(file)) as spool:
        spool.prepare()
        spool.put([[new_event(1)]])
    for path, mode in ((file, 0o644), (tmp_path, 0o755)):
        path.chmod(mode)
    found = examine(SPOOL_PATH=str(file))
    assert "1 events wait for PostgreSQL" in found.text("spool")
    assert "spool_row_left" in found.text("spool")
    assert "wrong" in found.words("permissions")
    assert set(examine("--fix", SPOOL_PATH=str(file)).words("permissions")) == {"fixed"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_damaged_spool_is_told_and_ends_nothing(examine: Examine, tmp_path: Path) -> None:
    file = tmp_path / "spool.db"
    file.write_bytes(b"no database " * 400)
    found = examine(SPOOL_PATH=str(file))
    assert found.words("spool") == ["wrong"]
    assert str(file) in found.text("spool")
    assert found.words("schema") == ["ok"]
    assert "EnOS" in found.said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_files_of_the_spool_that_are_another_users_are_told(examine: Examine, tmp_path: Path) -> None:
    file = tmp_path / "spool.db"
    with closing(Spool(file)) as spool:
        spool.prepare()
    lock = tmp_path / "spool.db.drain"
    os.chown(lock, 65534, 65534)
    assert f"{lock} belongs to nobody" in examine(SPOOL_PATH=str(file)).text("permissions")
    os.chown(file, 65534, 65534)
    found = examine(SPOOL_PATH=str(file))
    assert f"{file} belongs to nobody, and this runs as root" in found.text("permissions")
    assert "schema" not in found.said


@on_sqlite
def test_a_key_that_is_missing_is_named(examine: Examine, sqlite_url: str) -> None:
    with closing(Database(sqlite_url, Keyring([bytes(32)]))) as database:
        record(database, 1)
    found = examine()
    assert found.words("keys") == ["wrong"]
    assert key_id_of(bytes(32)).hex() in found.text("keys")


def add_stray_pictures(database: Database, number: int) -> None:
    rows = [
        {"sha256": bytes([n]) * 32, "media_type": "image/jpeg", "size": 2, "content": b"\xff\xd8"}
        for n in range(number)
    ]
    with database.write() as connection:
        connection.execute(insert(PictureRow).values(rows))


def test_pictures_without_an_event_go_and_the_others_stay(examine: Examine, database: Database) -> None:
    record(database, 1)
    with database.read() as connection:
        kept = set(connection.scalars(select(EventPictureRow.sha256)))
    add_stray_pictures(database, 1)
    assert "1 pictures, 0.0 MB, belong to no event" in examine().text("leftovers")
    assert examine("--fix").words("leftovers") == ["fixed"]
    with database.read() as connection:
        assert set(connection.scalars(select(PictureRow.sha256))) == kept
    assert examine().words("leftovers") == ["ok"]


def test_many_of_them_go_in_slices_so_short_that_no_receiver_waits(database: Database) -> None:
    add_stray_pictures(database, 45)
    deleted: list[int] = []

    @listens_for(database.engine, "after_cursor_execute")
    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE FROM pictures"):
            deleted.append(1)

    assert remove_unused_pictures(database) == 45
    assert len(deleted) == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_they_go_while_postgresql_vacuums(database: Database) -> None:
    """For whoever waited for the whole table, every receiver would wait in turn."""
    add_stray_pictures(database, 1)
    with database.write() as vacuum:
        vacuum.execute(text("LOCK TABLE pictures IN SHARE UPDATE EXCLUSIVE MODE"))  # as VACUUM does
        assert remove_unused_pictures(database) == 1


@on_sqlite
def test_what_killed_processes_left_goes_and_what_is_in_use_stays(
    examine: Examine, database: Database, tmp_path: Path
) -> None:
    old, new = tmp_path / "backup.part", tmp_path / "now.part"
    for file in (old, new):
        file.touch()
    os.utime(old, (1, 1))
    path = WriterFiles(database).socket
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        assert examine().words("leftovers") == ["warning"]
    assert examine("--fix").words("leftovers") == ["fixed", "fixed"]
    assert not Path(path).exists()
    assert not old.exists()
    assert new.exists()


@on_sqlite
def test_clocks_that_disagree_are_told(
    examine: Examine, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    event = new_event(1, timestamp=int(now.timestamp() * 1000) + 60_000).event
    tomorrow = UUID(int=event.id.int + (86_400_000 << 80))
    with database.write() as connection:
        events.record(connection, [NewEvent(replace(event, id=tomorrow, received_at=now), (), ())])
    found = examine()
    assert found.words("clock") == ["warning", "warning"]
    assert "it was put back" in found.text("clock")
    assert "0:01:00 ahead of this machine's" in found.text("clock")
    monkeypatch.setattr("app.store.clock.now", lambda _: datetime.now(UTC) - timedelta(hours=1))
    assert "this machine's is 1:00:00 ahead of the database server's" in examine().text("clock")


@on_sqlite
def test_somebody_must_be_able_to_manage_users_with_a_password_of_their_own(
    examine: Examine, database: Database
) -> None:
    add_user(database, Role.VIEWER)
    assert examine().words("users") == ["wrong", "ok"]
    add_user(database, Role.ADMIN, is_one_time=True)
    assert examine().words("users") == ["warning"]


@on_sqlite
def test_without_a_forwarder_the_login_is_tried(
    examine: Examine, mosquitto: Mosquitto, database: Database
) -> None:
    found = examine(ENOS_BROKER_URL=mosquitto.url, **ENOS)
    assert found.words("EnOS") == ["wrong", "ok"]
    assert f"{mosquitto.url} takes the login" in found.text("EnOS")
    with database.read() as connection:
        assert len(channels.connect_ages(connection, DEFAULT_CHANNEL)) == 1


@on_sqlite
def test_an_enos_that_cannot_be_reached_is_told_with_what_to_do(examine: Examine) -> None:
    found = examine(ENOS_BROKER_URL=f"mqtt://127.0.0.1:{free_port()}", **ENOS)
    assert found.words("EnOS") == ["wrong", "wrong"]
    assert "connect-enos.md" in found.text("EnOS")


def test_a_forwarder_at_work_is_not_pushed_out_and_what_it_says_is_told(
    examine: Examine, mosquitto: Mosquitto, database: Database
) -> None:
    record(database, 1, 2)
    forwarder_is(database, ForwarderState.PAUSED, "EnOS shut the channel out")
    with database.write() as connection:
        connection.execute(text("UPDATE outbox SET state = 'parked' WHERE id = (SELECT min(id) FROM outbox)"))
    found = examine(ENOS_BROKER_URL=mosquitto.url, **ENOS)
    assert found.words("EnOS") == ["wrong", "warning", "warning"]
    assert "EnOS shut the channel out" in found.text("EnOS")
    assert "it refused 1 events" in found.text("EnOS")
    assert "1 events wait" in found.text("EnOS")
    with database.read() as connection:
        assert channels.connect_ages(connection, DEFAULT_CHANNEL) == []


@pytest.fixture
def sqlite_words(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> str:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return CliRunner().invoke(se3, ["doctor"]).output


def test_for_people_each_finding_is_a_line_with_what_to_do_below_it(sqlite_words: str) -> None:
    lines = sqlite_words.splitlines()
    assert lines[0] == "ok       settings: can be read"
    assert lines[1].startswith("warning  who may send: whoever reaches 0.0.0.0:9528 may")
    assert lines[2].startswith("         On a network with nothing but boxes")

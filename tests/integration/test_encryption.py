"""Pictures and refused bodies at rest: nobody reads them without their key, and everybody with it does."""

import base64
import hashlib
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import LargeBinary, text, update

from app.cli.main import se3
from app.config import ROOT, Settings, load_settings
from app.errors import NotDecrypted, SettingsError
from app.store import events, pictures, quarantine, rekeying
from app.store.backups.copies import back_up
from app.store.database import Database
from app.store.keyring import Keyring, key_id_of
from app.store.keys_in_use import missing_keys
from app.store.models import PictureRow
from app.store.queries import counts
from app.store.spool.spool import Spool
from tests.integration.conftest import BoxFor
from tests.integration.test_picture_links import SET, link
from tests.integration.test_quarantine import refusal
from tests.support.new_events import new_event
from tests.support.payloads import payload

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
SENT = payload("history-contract")
PICTURES = [use.picture.content for use in new_event().pictures]
PARTS = [picture[len(picture) // 2 :][:24] for picture in PICTURES]  # of each enough to know it by
BODY = b'{"identity_id": "what nobody may read"'

OpenWith = Callable[..., Database]


@pytest.fixture
def open_with(database_url: str) -> Iterator[OpenWith]:
    """Opens the database as a process does that has these keys."""
    with ExitStack() as stack:

        def opened(*keys: bytes) -> Database:
            database = Database(database_url, Keyring(keys))
            stack.callback(database.close)
            return database

        yield opened


def fill(database: Database) -> tuple[UUID, UUID]:
    """Store an event with pictures, and a refused body; returns their ids."""
    new = new_event()
    with database.write() as connection:
        events.record(connection, [new])
        return new.event.id, quarantine.keep(connection, [refusal(BODY)])[0]


def read(database: Database, ids: tuple[UUID, UUID]) -> tuple[list[bytes], bytes]:
    """The pictures of the event, and the refused body."""
    with database.read() as connection:
        uses, found = pictures.uses_of(connection, ids[0]), quarantine.get(connection, ids[1])
    assert found is not None
    return [use.picture.content for use in uses], found[1]


def raw(database: Database) -> list[tuple[bytes, bytes | None]]:
    """What the rows hold."""
    query = "SELECT content, key_id FROM pictures UNION ALL SELECT body, key_id FROM quarantine"
    types = {"content": LargeBinary, "key_id": LargeBinary}
    with database.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query).columns(**types))]


def keys_of(database: Database) -> set[bytes | None]:
    return {key_id for _, key_id in raw(database)}


def rekey(monkeypatch: pytest.MonkeyPatch, database: Database, *keys: bytes) -> Result:
    """Run `se3 pictures rekey` with these keys; b"" is plain."""
    shown = [base64.b64encode(key).decode() or "plain" for key in keys]
    monkeypatch.setenv("DATABASE_URL", _as_set(database))
    monkeypatch.setenv("PICTURE_KEYS", "\n".join(shown))
    return CliRunner().invoke(se3, ["pictures", "rekey"])


def _as_set(database: Database) -> str:
    if database.sqlite_file:
        return f"sqlite:///{database.sqlite_file}"
    return database.url.render_as_string(hide_password=False)


def test_who_has_the_key_reads_what_the_rows_do_not_show(open_with: OpenWith) -> None:
    database = open_with(NEW)
    ids = fill(database)
    assert read(database, ids) == (PICTURES, BODY)
    assert keys_of(database) == {key_id_of(NEW)}
    for secret in (*PARTS, BODY):
        assert not any(secret in content for content, _ in raw(database))


def test_the_same_picture_is_encrypted_otherwise_each_time_and_kept_once(open_with: OpenWith) -> None:
    database = open_with(NEW)
    one, other = (database.keyring.encrypt(PICTURES[0], b"") for _ in range(2))
    assert one.content != other.content
    with database.write() as connection:
        events.record(connection, [new_event(1), new_event(2)])
        [again] = events.record(connection, [new_event(1)])
    assert again.duplicate
    with database.read() as connection:
        assert (counts(connection).events, counts(connection).pictures) == (2, len(set(PICTURES)))


def test_an_older_key_goes_on_reading_and_what_is_new_gets_the_newest(open_with: OpenWith) -> None:
    ids = fill(open_with(OLD))
    database = open_with(NEW, OLD)
    assert read(database, ids) == (PICTURES, BODY)
    with database.write() as connection:
        quarantine.keep(connection, [refusal(b"another")])
    assert keys_of(database) == {key_id_of(OLD), key_id_of(NEW)}


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_without_its_key_nothing_is_read_and_the_key_is_named(
    open_with: OpenWith, keys: tuple[bytes, ...]
) -> None:
    ids = fill(open_with(OLD))
    with pytest.raises(NotDecrypted, match=key_id_of(OLD).hex()):
        read(open_with(*keys), ids)


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_what_comes_anew_takes_the_place_of_what_nobody_can_read(
    open_with: OpenWith, keys: tuple[bytes, ...]
) -> None:
    ids = fill(open_with(OLD))
    database = open_with(*keys)
    with database.write() as connection:
        events.record(connection, [new_event(2)])
        assert quarantine.keep(connection, [refusal(BODY)]) == [ids[1]]
    assert read(database, ids) == (PICTURES, BODY)


def test_what_an_older_key_reads_stays_as_it_is(open_with: OpenWith) -> None:
    fill(open_with(OLD))
    before = raw(open_with())
    database = open_with(NEW, OLD)
    with database.write() as connection:
        events.record(connection, [new_event(2)])
        quarantine.keep(connection, [refusal(BODY)])
    assert sorted(raw(database)) == sorted(before)


def test_a_picture_in_another_ones_place_is_not_taken_for_it(open_with: OpenWith) -> None:
    database = open_with(OLD)
    ids = fill(database)
    kept = database.keyring.encrypt(b"another", hashlib.sha256(b"another").digest())
    with database.write() as connection:
        connection.execute(update(PictureRow).values(content=kept.content))
    with pytest.raises(NotDecrypted, match="changed"):
        read(database, ids)


@pytest.mark.parametrize(
    ("before", "now"), [((), (NEW,)), ((OLD,), (NEW, OLD)), ((NEW,), (b"", NEW)), ((NEW,), (NEW,))]
)
def test_rekey_brings_all_to_the_newest_key_or_to_plain(
    open_with: OpenWith,
    monkeypatch: pytest.MonkeyPatch,
    before: tuple[bytes, ...],
    now: tuple[bytes, ...],
) -> None:
    ids = fill(open_with(*before))
    result = rekey(monkeypatch, open_with(), *now)
    assert result.exit_code == 0, result.output
    newest = key_id_of(now[0]) if now[0] else None
    assert keys_of(open_with()) == {newest}
    assert read(open_with(*(key for key in now[:1] if key)), ids) == (PICTURES, BODY)


def test_rekey_counts_what_stays_readable(open_with: OpenWith, monkeypatch: pytest.MonkeyPatch) -> None:
    in_lines = SENT["ext_data"] | {"spot_pic": base64.encodebytes(PICTURES[1]).decode()}
    with open_with(NEW).write() as connection:
        events.record(connection, [new_event(1), new_event(2, ext_data=in_lines)])
    assert "Of 1 events a picture stays readable" in rekey(monkeypatch, open_with(), NEW).output


def test_rekey_goes_on_where_it_was_stopped(open_with: OpenWith, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, database = open_with(), open_with(NEW)
    with plain.write() as connection:
        ids = quarantine.keep(connection, [refusal(b"%d" % number) for number in range(7)])
    monkeypatch.setattr(rekeying, "_SLICE_ROWS", 3)
    [_, bodies] = rekeying.TABLES

    def stop(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rekeying.rekey(database, bodies, stop)
    assert [key_id is None for _, key_id in raw(database)].count(False) == 3
    assert rekeying.rekey(database, bodies, lambda _: None).changed == 4
    with database.read() as connection:
        found = [quarantine.get(connection, one) for one in ids]
    assert [row and row[1] for row in found] == [b"%d" % number for number in range(7)]


def test_large_bodies_get_a_transaction_of_their_own(
    open_with: OpenWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_with().write() as connection:
        quarantine.keep(connection, [refusal(b"%d" % number * 9) for number in range(3)])
    monkeypatch.setattr(rekeying, "_SLICE_BYTES", 10)
    told: list[int] = []
    assert rekeying.rekey(open_with(NEW), rekeying.TABLES[1], told.append).changed == 3
    assert told == [1, 1, 1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_key_that_the_spool_needs_is_missed_and_rekey_says_so(
    database_url: str, open_with: OpenWith, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPOOL_PATH", str(tmp_path / "spool.db"))
    assert "spool" not in rekey(monkeypatch, open_with(), NEW, OLD).output
    with closing(Spool(tmp_path / "spool.db", Keyring([OLD]))) as spool:
        spool.prepare()
        spool.put([[new_event()]])
    settings = Settings(database_url=database_url, spool_path=tmp_path / "spool.db")
    assert missing_keys(open_with(NEW, OLD), settings) == []
    assert missing_keys(open_with(NEW), settings) == [key_id_of(OLD).hex()]
    assert "keep the older keys until the spool is empty" in rekey(monkeypatch, open_with(), NEW, OLD).output


def test_rekey_leaves_alone_what_it_cannot_read_and_says_so(
    open_with: OpenWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(open_with(OLD))
    result = rekey(monkeypatch, open_with(), NEW)
    assert result.exit_code == 1
    assert f"{len(PICTURES) + 1} can't be decrypted" in str(result.exception)
    assert read(open_with(OLD), ids) == (PICTURES, BODY)


def test_nothing_plain_is_left_in_sqlites_files(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [f"body {number} which nobody may read ".encode() * 9 for number in range(10, 40)]
    with closing(Database(sqlite_url)) as database:
        fill(database)
        with database.write() as connection:
            quarantine.keep(connection, [refusal(body) for body in bodies])

        def found() -> list[bytes]:
            files = [file.read_bytes() for file in Path(_as_set(database)[10:]).parent.glob("se3.db*")]
            return [secret for secret in (*PARTS, *bodies) if any(secret[:24] in file for file in files)]

        assert len(found()) == len(PARTS) + len(bodies)
        assert rekey(monkeypatch, database, NEW).exit_code == 0
        assert not found()  # the database is still open, as a receiver's would be


def test_a_backup_shows_no_picture_and_can_be_read_with_the_key(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url, Keyring([NEW]))
    ids = fill(database)
    back_up(database, tmp_path / "backup")
    database.close()
    content = (tmp_path / "backup").read_bytes()
    assert not any(part in content for part in PARTS)
    restored = Database(f"sqlite:///{tmp_path}/backup", Keyring([NEW]))
    assert read(restored, ids) == (PICTURES, BODY)
    restored.close()


def test_the_receiver_encrypts_gives_pictures_and_names_a_missing_key(
    box_for: BoxFor, open_with: OpenWith, capsys: pytest.CaptureFixture[str]
) -> None:
    box = box_for(**SET, picture_keys=(NEW,))
    assert box.post("/HistoryEvent", json=SENT).status_code == 200
    assert box.post("/HistoryEvent", json=SENT).json["data"]["duplicate"]
    assert keys_of(open_with()) == {key_id_of(NEW)}
    address = link(hashlib.sha256(PICTURES[0]).digest())
    assert box.get(address).data == PICTURES[0]
    assert "warnings" not in box.get("/readyz").json
    other = box_for(**SET, picture_keys=(OLD,))
    reply = other.get(address)
    assert (reply.status_code, reply.content_type) == (503, "application/problem+json")
    ready = other.get("/readyz")
    assert ready.status_code == 200  # events are taken
    assert key_id_of(NEW).hex() in ready.json["warnings"][0]
    assert f"its key {key_id_of(NEW).hex()} is missing" in "".join(capsys.readouterr())


def test_the_document_comes_back_exactly(box_for: BoxFor, open_with: OpenWith) -> None:
    reply = box_for(picture_keys=(NEW,)).post("/HistoryEvent", json=SENT)
    with open_with(NEW).read() as connection:
        event = events.get(connection, UUID(reply.json["data"]["id"]))
        assert event is not None
        assert events.document_as_sent(connection, event) == SENT


def test_no_database_is_opened_without_its_keys() -> None:
    """`Database.of` brings them along; one opened by its URL alone would keep pictures plain."""
    sources = {file: file.read_text(encoding="utf-8") for file in (ROOT / "app").rglob("*.py")}
    assert not [file for file, source in sources.items() if "settings.database_url)" in source]
    assert not [file for file, source in sources.items() if "load_settings().database_url)" in source]


def test_a_key_can_be_made_and_put_in_front_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys"
    for _ in range(2):
        assert CliRunner().invoke(se3, ["pictures", "key", str(file)]).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv("PICTURE_KEYS_FILE", str(file))
    newest, older = load_settings().picture_keys
    assert base64.b64encode(newest).decode() == file.read_text().split()[0]
    assert newest != older
    assert base64.b64encode(newest).decode() not in repr(load_settings())
    [printed] = CliRunner().invoke(se3, ["pictures", "key"]).output.split()
    assert len(base64.b64decode(printed)) == 32


@pytest.mark.parametrize("text", ["short", "A" * 43, "AAAA", f"{'A' * 43}=,plain", "plain,plain"])
def test_what_is_no_key_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PICTURE_KEYS", text)
    with pytest.raises(SettingsError, match="PICTURE_KEYS must be keys") as refused:
        load_settings()
    assert "AAAA" not in str(refused.value)

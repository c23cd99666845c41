"""Makes a SQLite database that holds as many events as a site collects in years, within minutes."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID

from app.store.database import Database
from app.store.migration import migrate

_STEP = 500_000  # events of a transaction
_PEOPLE = 5000
_CACHE_KIB = 4_000_000  # of 24 GiB; most time goes into indexes in no order
_PICTURE_BYTES = 100
_DOCUMENT = (
    '{"identity_id":"person-1","identity_name":"Somebody","reg_pic":null,"timestamp":1600000000000,"score":0.83,'
    '"group_name":"staff","want_action":"open","dev_sno":"SE3-0001","ext_data":{"spot_pic":null,'
    '"person_type":1,"device_type":"gate","device_ip":"192.0.2.7","ep_id":"SE3-0001__192.0.2.7"}}'
)
_NUMBERS = (
    "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)\n"
)
_EVENT_ID = "printf('%012x70008%015x', 1600000000000 + n * 1000, n)"
_MOMENT = "strftime('%Y-%m-%d %H:%M:%f000', 1600000000 + n, 'unixepoch')"
_SCENE, _PHOTO = "CAST(printf('scene%027d', n) AS BLOB)", f"CAST(printf('photo%027d', n % {_PEOPLE}) AS BLOB)"
_STATEMENTS = (
    f"""{_NUMBERS}INSERT INTO events (id, sighting_id, kind, route, source_address, received_at, occurred_at,
        timestamp, identity_id, identity_name, score, dev_sno, device_ip, ep_id, person_type, document, typed,
        fingerprint)
    SELECT {_EVENT_ID}, {_EVENT_ID}, 'history', '/HistoryEvent', '192.0.2.1', {_MOMENT}, {_MOMENT},
        CAST(1600000000000 + n * 1000 AS TEXT), 'person-' || (n % {_PEOPLE}), 'Somebody', 0.83, 'SE3-0001',
        '192.0.2.7', 'SE3-0001__192.0.2.7', 1, '{_DOCUMENT}', 1, randomblob(32)
    FROM numbers""",
    f"""{_NUMBERS}INSERT OR IGNORE INTO pictures (sha256, media_type, size, content)
    SELECT substr({_PHOTO}, 1, 32), 'image/jpeg', {_PICTURE_BYTES}, randomblob({_PICTURE_BYTES})
    FROM numbers WHERE n < {_PEOPLE}""",
    "CREATE TEMP TABLE scenes (n INTEGER PRIMARY KEY, sha256 BLOB)",
    f"{_NUMBERS}INSERT INTO scenes SELECT n, randomblob(32) FROM numbers",
    f"""INSERT INTO pictures (sha256, media_type, size, content)
    SELECT sha256, 'image/jpeg', {_PICTURE_BYTES}, randomblob({_PICTURE_BYTES}) FROM scenes""",
    f"""INSERT INTO event_pictures (event_id, position, pointer, field, prefix, sha256)
    SELECT {_EVENT_ID}, 0, '/reg_pic', 'reg_pic', '', substr({_PHOTO}, 1, 32) FROM scenes""",
    f"""INSERT INTO event_pictures (event_id, position, pointer, field, prefix, sha256)
    SELECT {_EVENT_ID}, 1, '/ext_data/spot_pic', 'spot_pic', '', sha256 FROM scenes""",
    "DROP TABLE scenes",
    f"""{_NUMBERS}INSERT INTO outbox (event_id, channel, state, due_at, attempts, code, settled_at)
    SELECT {_EVENT_ID}, 'enos', 'delivered', '1970-01-01 00:00:00.000000', 1, 200, {_MOMENT} FROM numbers""",
)


def fill(file: Path, count: int) -> float:
    """Make a database of `count` delivered events, a second apart, with small pictures; returns the seconds.

    Each has a scene of its own and the library photo of one of 5,000 people.
    """
    began = time.perf_counter()
    with closing(Database(f"sqlite:///{file}")) as database:
        migrate(database)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA synchronous = OFF")
        for first in range(0, count, _STEP):
            _add(connection, _STATEMENTS, first, min(first + _STEP, count) - 1)
        connection.execute(
            "INSERT INTO counters (name, value) VALUES ('deliveries_delivered', ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (count,),
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.perf_counter() - began


def middle_id(count: int) -> UUID:
    """The id of the event in the middle of a database that was filled with so many."""
    n = count // 2
    return UUID(f"{1600000000000 + n * 1000:012x}70008{n:015x}")


def _add(connection: sqlite3.Connection, statements: Sequence[str], first: int, last: int) -> None:
    connection.execute("BEGIN")
    for statement in statements:
        connection.execute(statement, {"first": first, "last": last} if ":first" in statement else {})
    connection.execute("COMMIT")

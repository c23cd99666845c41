"""A site begins to encrypt its pictures while boxes go on sending."""

import base64
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from app.config import ROOT
from app.store import events, quarantine
from app.store.database import Database
from tests.integration.test_quarantine import refusal
from tests.support.new_events import new_event
from tests.support.receivers import Receiver
from tests.support.settings import child_environment

KEY = base64.b64encode(bytes(range(32))).decode()
REKEY = [sys.executable, "-m", "app.cli.main", "pictures", "rekey"]


def keys_in(url: str) -> set[bytes | None]:
    with closing(Database(url)) as database, database.read() as connection:
        rows = connection.execute(text("SELECT key_id FROM pictures UNION ALL SELECT key_id FROM quarantine"))
        return {key_id and bytes(key_id) for (key_id,) in rows}


def test_what_is_stored_is_encrypted_while_boxes_go_on_sending(tmp_path: Path, database_url: str) -> None:
    with closing(Database(database_url)) as database, database.write() as connection:
        events.record(connection, [new_event()])
        quarantine.keep(connection, [refusal(b"no event")])
    receiver = Receiver(tmp_path, database_url, PICTURE_KEYS=KEY)
    answered: list[tuple[int, bool]] = []
    box = threading.Thread(target=lambda: answered.extend(map(receiver.post, range(1, 30))))
    box.start()
    settings = child_environment({"DATABASE_URL": database_url, "PICTURE_KEYS": KEY})
    done = subprocess.run(REKEY, env=settings, cwd=ROOT, capture_output=True, text=True, check=False)
    box.join()
    receiver.http.request("POST", f"{receiver.url}/HistoryEvent", body=b"another that is no event")
    receiver.program.stop()
    assert done.returncode == 0, done.stderr
    assert answered == [(200, False)] * 29
    assert None not in keys_in(database_url)
    assert len(keys_in(database_url)) == 1

"""The whole forwarder, with its channels from a mapping file, over a real broker."""

import threading
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.config import Settings
from app.domain.forwarders import Forwarder, ForwarderState
from app.domain.ids import new_id
from app.forwarder import forwarding
from app.simulators.enos.hub import Hub
from app.store import channels, events, outbox
from app.store.database import Database
from tests.support.mosquitto import Mosquitto
from tests.support.new_events import RECEIVED_AT, new_event
from tests.support.relays import all_settled
from tests.support.waiting import wait_until


def claimed_by_one_that_dies(database: Database, channel: str) -> None:
    """Record three events that a forwarder claimed before it died; its lease lasts 2 s more."""
    dead = Forwarder(
        new_id(), channel, "host", 1, RECEIVED_AT, RECEIVED_AT, ForwarderState.HEALTHY, None, RECEIVED_AT
    )
    with database.write() as connection:
        events.record(connection, [new_event(number) for number in range(3)])
        channels.beat(connection, dead, timedelta(seconds=2))
        assert len(outbox.claim(connection, channel, uuid4(), RECEIVED_AT, 10)) == 3


def test_what_was_claimed_for_a_renamed_channel_goes_once_the_old_lease_has_ended(
    database: Database,
    database_url: str,
    mosquitto: Mosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forwarding, "ROUTE_SECONDS", 0.5)
    claimed_by_one_that_dies(database, "old")
    (tmp_path / "secret").write_text("secret")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        f'[channels.new]\nbroker_url = "{mosquitto.url}"\nproduct_key = "pk"\n'
        f'product_secret_file = "{tmp_path}/secret"\n'
    )
    settings = Settings(database_url=database_url, enos_mapping=mapping)
    stop = threading.Event()
    thread = threading.Thread(target=forwarding.forward, args=(settings, stop))
    with Hub(mosquitto.url) as hub:
        thread.start()
        try:
            wait_until(all_settled(database))
        finally:
            stop.set()
            thread.join()
        assert hub.events == 3

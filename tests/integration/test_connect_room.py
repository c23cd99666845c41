"""Of those who find the last room for a connect at once, as many connect as there is room for."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.errors import ChannelError
from app.forwarder.room import note_connect, present_holder
from app.store import channels
from app.store.clock import now
from app.store.database import Database
from app.store.models import ChannelConnectRow


def test_who_notes_a_connect_sees_what_another_is_about_to_note(database: Database) -> None:
    with database.write() as connection:
        channels.lock(connection, "north")  # from now on it has a row, as one with a forwarder has
    with ThreadPoolExecutor() as pool:
        with database.write() as connection:
            channels.lock(connection, "north")
            noting = pool.submit(note_connect, database, "north")
            for _ in range(4):
                channels.note_connect(connection, "north")
            assert not wait([noting], timeout=0.5).done  # long enough to note it, were it not kept from that
        with pytest.raises(ChannelError, match="Check again in"):
            noting.result(30)


def test_of_three_who_found_the_last_two_rooms_two_connect(database: Database) -> None:
    with database.write() as connection:
        a_minute_ago = now(connection) - timedelta(seconds=60)
        rows = [{"channel": "north", "at": a_minute_ago}] * 2
        connection.execute(insert(ChannelConnectRow).values(rows))
    looked = threading.Barrier(3)

    def look_and_note(_: int) -> str:
        present_holder(database, "north")
        looked.wait(30)
        try:
            note_connect(database, "north")
        except ChannelError as error:
            return str(error)
        return "noted"

    with ThreadPoolExecutor() as pool:
        said = sorted(pool.map(look_and_note, range(3)))
    assert "Check again in" in said[0]
    assert said[1:] == ["noted", "noted"]
    with database.read() as connection:
        ages = channels.connect_ages(connection, "north")
    assert len(ages) == 4
    assert ages[2] - ages[3] >= 3  # seconds between two

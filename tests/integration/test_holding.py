"""Who is on hold is not forgotten until released; the command says who is, and why."""

import pytest

from app.store import audit
from app.store.database import Database
from app.store.removal import holds
from app.store.removal.holds import OnHold
from tests.support.forgetting import ANNA, forgotten, se3_person
from tests.support.people import event_of, store


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

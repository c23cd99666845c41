"""An admin forgets a person, or puts them on hold; nobody else does."""

from uuid import UUID

import pytest

from app.console.people import erasing
from app.store import audit, events
from app.store.database import Database
from app.store.removal import holds
from tests.console.conftest import Person
from tests.support.forgetting import refuse_unreadable
from tests.support.people import event_of, store


def audited(database: Database) -> list[tuple[str, str, str]]:
    """What was changed, the first first."""
    with database.read() as connection:
        entries = audit.latest(connection, 20)[::-1]
    changes = ("person_held", "person_released", "person_forgotten")
    return [(one.user_name, one.action, one.subject) for one in entries if one.action in changes]


def left(database: Database, *ids: UUID) -> int:
    with database.read() as connection:
        return len(events.get_many(connection, ids))


def test_an_admin_is_asked_and_then_the_person_is_forgotten(admin: Person, database: Database) -> None:
    ids = store(database, event_of("A", 1, spot="shared"), event_of("A", 2), event_of("B", 3, spot="shared"))
    assert "/person/forget?id=A" in admin.get("/person?id=A").text
    asked = admin.get("/person/forget?id=A").text
    for part in (
        "2 events with their deliveries",
        "EnOS has not got 2 of them",
        "2 pictures",
        "1 more stays",
    ):
        assert part in asked
    assert admin.send("/person/forget", id="A").status_code == 400
    assert left(database, *ids) == 3
    done = admin.send("/person/forget", id="A", sure="1")
    assert "2 events were removed" in admin.get(done.location).text
    assert left(database, *ids) == 1
    assert audited(database) == [("root", "person_forgotten", "A, 2 events, 0 refused bodies")]
    assert admin.get("/person?id=A").status_code == 404
    assert admin.send("/person/forget", id="A", sure="1").status_code == 404


def test_the_form_of_another_site_forgets_nobody(admin: Person, database: Database) -> None:
    ids = store(database, event_of("A", 1))
    assert admin.send("/person/forget", token="wrong", id="A", sure="1").status_code == 403
    assert left(database, *ids) == 1


@pytest.mark.parametrize("path", ["/person/forget", "/person/hold", "/person/release"])
def test_an_operator_neither_sees_nor_does_it(operator: Person, database: Database, path: str) -> None:
    store(database, event_of("A", 1))
    assert "/person/hold" not in operator.get("/person?id=A").text
    assert operator.send(path, id="A", sure="1", reason="r").status_code == 403
    assert audited(database) == []


def test_who_is_on_hold_is_not_forgotten(admin: Person, viewer: Person, database: Database) -> None:
    ids = store(database, event_of("A", 1))
    assert admin.send("/person/hold", id="A").status_code == 400
    held = admin.send("/person/hold", id="A", reason="a lawsuit")
    assert "The person is on hold" in admin.get(held.location).text
    assert "a lawsuit" in viewer.get("/person?id=A").text
    assert admin.send("/person/hold", id="A", reason="again").status_code == 409
    assert "on hold" in admin.get("/person/forget?id=A").text
    refused = admin.send("/person/forget", id="A", sure="1")
    assert (refused.status_code, "a lawsuit" in refused.text) == (409, True)
    assert left(database, *ids) == 1
    released = admin.send("/person/release", id="A", reason="over")
    assert "The hold is ended" in admin.get(released.location).text
    with database.read() as connection:
        assert holds.listed(connection) == []
    assert audited(database) == [
        ("root", "person_held", "A a lawsuit"),
        ("root", "person_released", "A over"),
    ]


def test_what_takes_long_goes_on_with_another_click(
    admin: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "SECONDS", 0.0)
    ids = store(database, *(event_of("A", number) for number in range(30)))
    first = admin.send("/person/forget", id="A", sure="1")
    assert "there are more" in admin.get(first.location).text
    assert left(database, *ids) == 10
    last = admin.send("/person/forget", id="A", sure="1")
    assert last.location.startswith("/people")
    assert left(database, *ids) == 0


def test_what_could_not_be_looked_into_is_told_of(admin: Person, database: Database) -> None:
    store(database, event_of("A", 1))
    refuse_unreadable(database)
    done = admin.send("/person/forget", id="A", sure="1")
    assert "1 refused body could not be looked into" in admin.get(done.location).text


def test_what_there_was_no_time_for_is_told_of(
    admin: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "SECONDS", 0.0)
    store(database, event_of("A", 1))
    refuse_unreadable(database)
    done = admin.send("/person/forget", id="A", sure="1")
    assert "se3 person forget goes on" in admin.get(done.location).text


@pytest.mark.parametrize("path", ["/person/forget?id=", "/person/forget?id=nobody", "/person/forget?id=%00"])
def test_nobody_is_not_found(admin: Person, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_metrics_tell_how_many_events_were_removed_and_why(admin: Person, database: Database) -> None:
    store(database, event_of("A", 1), event_of("A", 2))
    admin.send("/person/forget", id="A", sure="1")
    told = admin.get("/metrics").text
    assert 'se3_events_removed_total{cause="forgotten"} 2.0' in told
    assert 'se3_events_removed_total{cause="retention"} 0.0' in told
    assert "se3_retention_last_run_timestamp_seconds 0.0" in told

"""se3 user: who may log in, managed from the machine's terminal."""

import re
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from app.cli.user import first_admin, user
from app.domain.users import Role
from app.errors import Se3Error
from app.store import audit, users
from app.store.database import Database
from tests.console.conftest import Person

Run = Callable[..., str]


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs `se3 user`; gives what it prints."""

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(user, arguments, env={"DATABASE_URL": database_url})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return run


def password_in(output: str) -> str:
    found = re.search(r"the password (\S+) and has", output)
    assert found
    return found[1]


def test_an_added_user_logs_in_with_the_printed_password(run: Run, stranger: Person) -> None:
    password = password_in(run("add", "anna", "--role", "operator"))
    assert re.search(r"anna +operator .*has not chosen a password yet", run("list"))
    assert stranger.log_in("anna", password).status_code == 302
    assert stranger.get("/").location == "/password"


def test_a_name_is_the_same_however_it_is_typed(run: Run, stranger: Person) -> None:
    password = password_in(run("add", " Ame\u0301lie "))
    with pytest.raises(Se3Error, match="already"):
        run("add", "Am\u00e9lie")
    assert stranger.log_in("Am\u00e9lie ", password).status_code == 302


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a" * 101])
def test_a_name_that_nobody_can_type_is_refused(run: Run, name: str) -> None:
    with pytest.raises(Se3Error, match="a name has"):
        run("add", name)


def test_what_is_done_at_the_terminal_is_in_the_audit_log(run: Run, database: Database) -> None:
    for command in ("add", "passwd", "disable", "enable"):
        run(command, "anna")
    run("role", "anna", "operator")
    with database.read() as connection:
        entries = [(entry.action, entry.subject) for entry in audit.latest(connection, 10)]
    assert entries == [
        ("role_changed", "anna operator"),
        ("user_enabled", "anna"),
        ("user_disabled", "anna"),
        ("password_given", "anna"),
        ("user_added", "anna viewer"),
    ]


def test_a_name_is_taken_once(run: Run) -> None:
    run("add", "anna")
    with pytest.raises(Se3Error, match="there is a user anna already"):
        run("add", "anna")


def test_a_new_password_takes_the_place_of_the_old_one(run: Run, stranger: Person) -> None:
    old = password_in(run("add", "anna"))
    new = password_in(run("passwd", "anna"))
    assert stranger.log_in("anna", old).status_code == 401
    assert stranger.log_in("anna", new).status_code == 302


def test_a_disabled_user_is_let_in_again_once_enabled(run: Run, stranger: Person) -> None:
    password = password_in(run("add", "anna"))
    run("disable", "anna")
    assert "disabled 20" in run("list")
    assert stranger.log_in("anna", password).status_code == 401
    run("enable", "anna")
    assert stranger.log_in("anna", password).status_code == 302


@pytest.mark.parametrize("command", ["passwd anna", "disable anna", "enable anna", "role anna viewer"])
def test_a_name_that_is_not_there_is_said_to_be_so(run: Run, command: str) -> None:
    with pytest.raises(Se3Error, match="there is no user anna"):
        run(*command.split())


def test_another_role_takes_the_place_of_the_old_one(run: Run) -> None:
    run("add", "anna")
    run("role", "anna", "operator")
    assert re.search(r"anna +operator ", run("list"))
    assert "'boss' is not one of" in run("role", "anna", "boss")


@pytest.mark.parametrize("command", ["disable anna", "role anna viewer"])
def test_one_admin_is_left(run: Run, command: str) -> None:
    run("add", "anna", "--role", "admin")
    run("add", "bob", "--role", "admin")
    run("disable", "bob")
    with pytest.raises(Se3Error, match="anna is the only admin"):
        run(*command.split())
    run("enable", "bob")
    run(*command.split())


def test_the_first_admin_is_added_once(database: Database) -> None:
    assert first_admin(database)
    assert first_admin(database) is None
    with database.read() as connection:
        admin = users.named(connection, "admin")
    assert admin
    assert (admin.role, admin.has_one_time_password) == (Role.ADMIN, True)

"""The parts that other tests stand on."""

import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import config
from app.store.database import Database
from app.store.models import Base
from app.store.schema import require_current
from tests.support.mosquitto import Mosquitto
from tests.support.parts import find_mosquitto
from tests.support.ports import answers, free_port
from tests.support.postgresql import PostgreSQL
from tests.support.programs import Program
from tests.support.settings import child_environment
from tests.support.waiting import wait_until

WAIT_FOR_A_SIGNAL = "import signal; print('ready', flush=True); signal.pause()"
LOAD_SETTINGS_IN = """
import sys
from app import config
config.ROOT = config.Path(sys.argv[1])
print(config.load_settings())
"""


def test_mosquitto_comes_back_on_the_same_port(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    assert not answers(mosquitto.port)
    mosquitto.start()
    assert answers(mosquitto.port)


def test_a_database_has_its_tables_and_no_rows(database: Database) -> None:
    require_current(database)
    with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_a_database_url_is_a_setting_as_well(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert config.load_settings().database_url == database_url


def test_postgresql_comes_back_with_its_data(postgresql_server: PostgreSQL, postgresql_url: str) -> None:
    postgresql_server.stop()
    assert not answers(postgresql_server.port)
    postgresql_server.start()
    with closing(Database(postgresql_url)) as database:
        require_current(database)


def test_postgresql_is_there_for_the_next_test(postgresql_server: PostgreSQL) -> None:
    postgresql_server.stop()
    postgresql_server.create_database("next")
    assert answers(postgresql_server.port)


def test_a_missing_part_skips_a_test_on_a_laptop_and_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="apt-get install mosquitto"):
        find_mosquitto()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install mosquitto"):
        find_mosquitto()


def test_a_program_is_waited_for_and_stopped(tmp_path: Path) -> None:
    with Program([sys.executable, "-c", WAIT_FOR_A_SIGNAL], tmp_path / "log") as program:
        assert program.wait_for_output("^rea(.*)$").group(1) == "dy"
        assert program.exit_code is None
    assert program.exit_code == -signal.SIGTERM


def test_a_program_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    with (
        Program([sys.executable, "-c", "exit('out of order')"], tmp_path / "log") as program,
        pytest.raises(AssertionError, match="out of order"),
    ):
        program.wait_for_output("ready")


def test_a_program_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    with Program(
        ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"], tmp_path / "log"
    ) as program:
        program.wait_for_output("ready")
        with pytest.raises(AssertionError, match="SIGTERM did not end it"):
            program.stop(timeout=0.1)
    assert program.exit_code == -signal.SIGKILL


def test_a_program_takes_its_children_with_it(tmp_path: Path) -> None:
    port = free_port()
    script = f"{sys.executable} -m http.server --bind 127.0.0.1 {port} & wait"
    with Program(["sh", "-c", script], tmp_path / "log") as program:
        program.wait_until(lambda: answers(port))
    wait_until(lambda: not answers(port))


@pytest.fixture
def developers_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.env` that stands where a developer's own would."""
    file = tmp_path / ".env"
    file.write_text("RECEIVER_BIND=1.2.3.4:5\nMAX_BODY_MB=3\n")
    monkeypatch.setattr("app.config.ROOT", tmp_path)
    monkeypatch.setattr("tests.support.settings._DEVELOPERS_FILE", file)
    return file


@pytest.mark.usefixtures("developers_file")
def test_settings_of_the_developer_do_not_reach_a_test() -> None:
    assert config.load_settings() == config.Settings()


def test_settings_of_the_developer_do_not_reach_a_program(developers_file: Path) -> None:
    args = [sys.executable, "-c", LOAD_SETTINGS_IN, str(developers_file.parent)]
    with Program(args, developers_file.with_name("log"), env={"MAX_BODY_MB": "4"}) as program:
        program.wait_for_output(r"receiver_bind='0.0.0.0:9528'.* max_body_mb=4")


def test_secrets_of_the_developer_are_refused(developers_file: Path) -> None:
    developers_file.write_text("DATABASE_URL_FILE=/run/secrets/database_url\n")
    with pytest.raises(pytest.fail.Exception, match="DATABASE_URL_FILE"):
        child_environment({})

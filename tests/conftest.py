"""Fixtures for every test: a broker, databases, and an environment without the developer's settings."""

import gc
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from app.store.database import Database
from app.store.migration import migrate
from app.store.spool import sheltered_batches
from tests.support.mosquitto import Mosquitto
from tests.support.postgresql import PostgreSQL, folder_for_server
from tests.support.settings import forget_settings

gc.disable()  # until all tests are imported


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but not in the tests: that would take a tenth of their time."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_settings(monkeypatch)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tests share a busy machine PostgreSQL may take long, which is not what they look at."""
    monkeypatch.setattr(sheltered_batches, "PROMPT_SECONDS", 10.0)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running MQTT broker of this test's own."""
    broker = Mosquitto(tmp_path)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """The tests' one PostgreSQL server; a test that stops it need not start it again."""
    with TemporaryDirectory(
        dir=folder_for_server()
    ) as folder:  # tmp_path is closed to the user who runs the server for root
        server = PostgreSQL(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database, first on SQLite and then on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database for all tests of a module: each has to look at its own rows alone."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("shared") / "se3.db"
        shutil.copy(request.getfixturevalue("_sqlite_template"), file)
        yield _sqlite_address(file)
        return
    server, template = map(request.getfixturevalue, ("postgresql_server", "_postgresql_template"))
    with _postgresql_copy(server, template) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database at `database_url`, opened."""
    with closing(Database(database_url)) as database:
        yield database


@pytest.fixture
def sqlite_url(tmp_path: Path, _sqlite_template: Path) -> str:
    """A fresh, migrated SQLite database."""
    file = tmp_path / "se3.db"
    shutil.copy(_sqlite_template, file)
    return _sqlite_address(file)


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQL, _postgresql_template: str) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    with _postgresql_copy(postgresql_server, _postgresql_template) as url:
        yield url


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "se3.db"
    _migrate(_sqlite_address(file))
    return file


@pytest.fixture(scope="session")
def _postgresql_template(postgresql_server: PostgreSQL) -> str:
    name = "template_se3"
    postgresql_server.create_database(name)
    _migrate(_postgresql_address(postgresql_server, name))
    return name


def _sqlite_address(file: Path) -> str:
    return f"sqlite:///{file}"


def _postgresql_address(server: PostgreSQL, name: str) -> str:
    return server.url(name).replace("postgresql:", "postgresql+psycopg:")


@contextmanager
def _postgresql_copy(server: PostgreSQL, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    server.create_database(name, template)
    yield _postgresql_address(server, name)
    server.drop_database(name)


def _migrate(url: str) -> None:
    with closing(Database(url)) as database:  # a copy of it can be made once nothing is connected any more
        migrate(database)

"""Looks at everything, in the order in which one thing needs another."""

from collections.abc import Iterator
from contextlib import closing

from app.config import Settings, load_settings
from app.doctor import database as of_database
from app.doctor import exposure, leftovers, machine, permissions, receiver, relay, users
from app.doctor.findings import Finding, ok, wrong
from app.enos.setup import Setup, load_draft, load_setup
from app.errors import MappingError, SettingsError
from app.store.database import Database


def examine() -> Iterator[Finding]:
    """Each finding as it comes. What is mended before the next one is asked for is seen as mended."""
    try:
        settings = load_settings()
    except SettingsError as error:
        yield wrong("settings", str(error), "docs/reference/settings.md")
        return
    setup = _draft(settings)
    yield _of_settings(settings)
    yield from exposure.of_receiver(settings)
    yield from exposure.of_console(settings)
    yield from receiver.of_process(settings)
    with closing(Database.of(settings)) as database:
        yield from _of_store(settings, setup, database)


def _of_settings(settings: Settings) -> Finding:
    try:
        load_setup(settings)
    except (SettingsError, MappingError) as error:
        return wrong("settings", str(error), "docs/reference/settings.md, docs/reference/mapping.md#errors")
    return ok("settings", f"can be read{', and the mapping file too' if settings.enos_mapping else ''}")


def _draft(settings: Settings) -> Setup | None:
    try:
        return load_draft(settings)
    except (SettingsError, MappingError):  # `_of_settings` tells
        return None


def _of_store(settings: Settings, setup: Setup | None, database: Database) -> Iterator[Finding]:
    if fault := permissions.owner_fault(settings, database):
        yield fault
        return
    yield from permissions.of_files(settings, setup, database)
    yield from of_database.of_spool(settings)
    yield from of_database.of_schema(database)
    if of_database.is_current(database):  # by now: it may have been mended
        yield from _of_current(settings, setup, database)


def _of_current(settings: Settings, setup: Setup | None, database: Database) -> Iterator[Finding]:
    yield from of_database.of_integrity(database)
    yield from of_database.of_keys(settings, database)
    yield from machine.of_disk(settings, database)
    yield from machine.of_clocks(database)
    yield from users.of_console(database)
    yield from leftovers.of_store_and_files(database)
    if setup:
        yield from relay.of_channels(setup, database)

"""Is the database of this program's version, and is it whole?"""

from collections.abc import Iterator

from app.config import Settings
from app.doctor.findings import Finding, ok, warning, wrong
from app.errors import NoSchema, StoreUnavailable, WrongSchema
from app.store import integrity
from app.store.database import Database
from app.store.keys_in_use import missing_keys
from app.store.migration import migrate
from app.store.schema import require_current, revisions
from app.store.spool.spool import spooled

_SPOOL_ADVICE = (
    "Is it this user's? If it is damaged: stop the receiver, move the file away, and start again."
    " Keep it: it may hold events that boxes count as delivered."
)


def of_schema(database: Database) -> Iterator[Finding]:
    """Whether it can be used at all."""
    try:
        require_current(database)
    except NoSchema as error:
        advice = (
            "se3 migrate, or se3 run, makes the tables. If there was a database: is DATABASE_URL another?"
        )
        yield wrong("schema", str(error), advice, lambda: f"the database has schema {migrate(database)}")
    except WrongSchema as error:  # no mend: what is there is to be backed up first
        yield wrong("schema", str(error), "se3 backup first, then se3 migrate: docs/how-to/upgrade.md")
    except StoreUnavailable as error:
        yield wrong("database", str(error), "docs/how-to/find-out-what-went-wrong.md#readyz-says-503")
    else:
        yield ok("schema", f"{revisions()[-1]}, this version's")


def of_spool(settings: Settings) -> Iterator[Finding]:
    """Whether events wait on this machine for a PostgreSQL that is away."""
    try:
        waiting = spooled(settings)
    except StoreUnavailable as error:
        yield wrong("spool", f"{settings.spool_path} can't be read: {error}", _SPOOL_ADVICE)
        return
    if waiting.oldest_at:
        since = f"{waiting.oldest_at.astimezone():%Y-%m-%d %H:%M:%S}"
        yield warning(
            "spool",
            f"{waiting.events:,} events wait for PostgreSQL since {since}",
            "They go there once it is back and a receiver runs; see schema, or database. Why one stays"
            " all the same the log says as spool_row_left: docs/how-to/find-out-what-went-wrong.md#log-lines",
        )


def of_keys(settings: Settings, database: Database) -> Iterator[Finding]:
    """Whether each key is at hand that something stored, or waiting in the spool, is encrypted with."""
    try:
        missing = missing_keys(database, settings)
    except StoreUnavailable:  # `of_spool` tells
        return
    for key in missing:
        advice = "Put it back into PICTURE_KEYS: docs/how-to/encrypt-pictures.md#a-key-is-missing"
        yield wrong("keys", f"what key {key} encrypted can't be read", advice)


def is_current(database: Database) -> bool:
    """Whether it can be used, and is of this version."""
    try:
        require_current(database)
    except StoreUnavailable:
        return False
    return True


def of_integrity(database: Database) -> Iterator[Finding]:
    """Whether it is whole, and set to keep what it was told through a power cut."""
    try:
        found = integrity.faults(database)
    except TimeoutError:
        yield warning(
            "integrity",
            f"the database is too large to be looked through in {integrity.LOOK_SECONDS:g} s",
            "se3 backup checks every page of its copy.",
        )
        return
    for fault in found:
        yield wrong(
            "integrity", fault, "Restore the last backup beside it and compare: docs/how-to/back-up.md"
        )
    if not found:
        yield ok("integrity", "the database is whole, and survives a power cut")

"""Is the database of this program's version, and is it whole?"""

from collections.abc import Iterator

from app.config import Settings
from app.doctor.findings import Finding, ok, warning, wrong
from app.errors import StoreUnavailable, WrongSchema
from app.store import integrity
from app.store.database import Database
from app.store.migration import migrate
from app.store.schema import require_current, revisions
from app.store.spool.spool import spooled


def of_schema(database: Database) -> Iterator[Finding]:
    """Whether it can be used at all."""
    try:
        require_current(database)
    except WrongSchema as error:
        advice = "se3 backup first, then se3 migrate: docs/how-to/upgrade.md"
        yield wrong("schema", str(error), advice, lambda: f"the database has schema {migrate(database)}")
    except StoreUnavailable as error:
        yield wrong("database", str(error), "docs/how-to/find-out-what-went-wrong.md#readyz-says-503")
    else:
        yield ok("schema", f"{revisions()[-1]}, this version's")


def of_spool(settings: Settings) -> Iterator[Finding]:
    """Whether events wait on this machine for a PostgreSQL that is away."""
    waiting = spooled(settings)
    if waiting.oldest_at:
        since = f"{waiting.oldest_at.astimezone():%Y-%m-%d %H:%M:%S}"
        yield warning(
            "spool",
            f"{waiting.events:,} events wait for PostgreSQL since {since}",
            "They go there once it is back and a receiver runs; see schema, or database.",
        )


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

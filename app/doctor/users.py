"""Can somebody log in to the console, and nobody with a password that others know?"""

from collections.abc import Iterator

from app.doctor.findings import Finding, ok, warning, wrong
from app.domain.users import Role
from app.store import users
from app.store.database import Database

_SUBJECT = "users"


def of_console(database: Database) -> Iterator[Finding]:
    """Whether somebody may manage users, and who has not chosen a password."""
    with database.read() as connection:
        active = [one for one in users.listed(connection) if not one.disabled_at]
    if not any(one.role is Role.ADMIN for one in active):
        advice = "se3 user add NAME --role admin"
        yield wrong(_SUBJECT, "nobody may manage the console's users", advice)
    first = [one.name for one in active if one.has_one_time_password]
    if first:
        yield warning(
            _SUBJECT,
            f"{', '.join(first)} can log in with a password that was printed, so it may stand in a journal",
            "Log in and choose another; or se3 user passwd NAME, or se3 user disable NAME.",
        )
    if active and not first:
        yield ok(_SUBJECT, f"{len(active)} may log in, each with a password of their own")

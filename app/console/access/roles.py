"""Which role each page and action needs. What is not listed here is refused."""

from collections.abc import Mapping

from app.domain.users import Role

OPEN = frozenset({"static", "logins.login", "languages.choose", "health.healthz"})
"""Endpoints that anybody gets, logged in or not."""

WITH_ONE_TIME_PASSWORD = OPEN | {"logins.password", "logins.logout"}
"""Endpoints for a user who has to choose a password first."""

NEEDED: Mapping[str, Role] = {
    "logins.password": Role.VIEWER,
    "logins.logout": Role.VIEWER,
    "health.readyz": Role.VIEWER,
    "overview.show": Role.VIEWER,
    "live.show": Role.VIEWER,
    "live.cards": Role.VIEWER,
    "live.stream": Role.VIEWER,
    "events.find": Role.VIEWER,
    "events.show": Role.VIEWER,
    "events.document": Role.VIEWER,
    "events.picture": Role.VIEWER,
}
"""The least role for every other endpoint."""


def allows(role: Role, endpoint: str | None) -> bool:
    """Whether a user of this role may use an endpoint; None is no page at all, which says so itself."""
    if endpoint is None or endpoint in OPEN:
        return True
    needed = NEEDED.get(endpoint)
    return needed is not None and role.includes(needed)

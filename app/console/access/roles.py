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
    "events.find": Role.VIEWER,
    "events.show": Role.VIEWER,
    "events.document": Role.VIEWER,
    "events.picture": Role.VIEWER,
    "api-docs.openapi_json": Role.VIEWER,
    "api_docs.page": Role.VIEWER,
    "api_docs.script": Role.VIEWER,
    "api_docs.static": Role.VIEWER,
    "api.events.find": Role.VIEWER,
    "api.events.show": Role.VIEWER,
    "api.events.document": Role.VIEWER,
    "api.pictures.show": Role.VIEWER,
    "api.outbox.find": Role.VIEWER,
    "api.outbox.show": Role.VIEWER,
    "api.outbox.retry": Role.OPERATOR,
    "api.outbox.drop": Role.OPERATOR,
    "api.quarantine.find": Role.VIEWER,
    "api.quarantine.show": Role.VIEWER,
    "api.quarantine.body": Role.VIEWER,
    "api.quarantine.admit": Role.OPERATOR,
    "api.quarantine.discard": Role.OPERATOR,
    "api.devices.find": Role.VIEWER,
    "api.devices.show": Role.VIEWER,
    "api.stats.show": Role.VIEWER,
}
"""The least role for every other endpoint."""


def allows(role: Role, endpoint: str | None) -> bool:
    """Whether a user of this role may use an endpoint; None is no page at all, which says so itself."""
    if endpoint is None or endpoint in OPEN:
        return True
    needed = NEEDED.get(endpoint)
    return needed is not None and role.includes(needed)

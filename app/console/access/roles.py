"""Which role each page and action needs. What is not listed here is refused."""

from collections.abc import Mapping

from app.domain.users import Role

OPEN = frozenset(
    {"static", "logins.login", "oidc.login", "oidc.callback", "languages.choose", "health.healthz"}
)
"""Endpoints that anybody gets, logged in or not."""

WITH_ONE_TIME_PASSWORD = OPEN | {"logins.password", "logins.logout", "oidc.link"}
"""Endpoints for a user who has to choose a password first."""

NEEDED: Mapping[str, Role] = {
    "logins.password": Role.VIEWER,
    "logins.logout": Role.VIEWER,
    "oidc.link": Role.VIEWER,
    "health.readyz": Role.VIEWER,
    "metrics.show": Role.VIEWER,
    "overview.show": Role.VIEWER,
    "live.show": Role.VIEWER,
    "live.cards": Role.VIEWER,
    "live.stream": Role.VIEWER,
    "events.find": Role.VIEWER,
    "events.show": Role.VIEWER,
    "events.document": Role.VIEWER,
    "events.picture": Role.VIEWER,
    "exports.export": Role.VIEWER,
    "reviews.review": Role.VIEWER,
    "relay.show": Role.VIEWER,
    "relay.retry": Role.OPERATOR,
    "relay.drop": Role.OPERATOR,
    "relay.replay": Role.OPERATOR,
    "refused.find": Role.VIEWER,
    "refused.show": Role.VIEWER,
    "refused.body": Role.VIEWER,
    "refused.edit": Role.OPERATOR,
    "refused.admit": Role.OPERATOR,
    "refused.admit_all": Role.OPERATOR,
    "refused.discard": Role.OPERATOR,
    "refused.discard_all": Role.OPERATOR,
    "users.show": Role.ADMIN,
    "users.add": Role.ADMIN,
    "users.change_role": Role.ADMIN,
    "users.give_password": Role.ADMIN,
    "users.disable": Role.ADMIN,
    "users.enable": Role.ADMIN,
    "audit.find": Role.ADMIN,
    "boxes.find": Role.VIEWER,
    "boxes.show": Role.VIEWER,
    "boxes.new": Role.VIEWER,
    "boxes.arrivals": Role.VIEWER,
    "people.find": Role.VIEWER,
    "people.show": Role.VIEWER,
    "people.ask": Role.ADMIN,
    "people.forget_person": Role.ADMIN,
    "people.hold": Role.ADMIN,
    "people.release": Role.ADMIN,
    "strangers.find": Role.VIEWER,
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
    "api.people.forget_person": Role.ADMIN,
    "api.stats.show": Role.VIEWER,
}
"""The least role for every other endpoint."""


def allows(role: Role, endpoint: str | None) -> bool:
    """Whether a user of this role may use an endpoint; None is no page at all, which says so itself."""
    if endpoint is None or endpoint in OPEN:
        return True
    needed = NEEDED.get(endpoint)
    return needed is not None and role.includes(needed)

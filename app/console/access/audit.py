"""The page of the audit log: who did and saw what."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask_babel import gettext

from app.console.access.guard import note
from app.console.events.filters import local_time, plain_text
from app.domain.users import clean_name
from app.store import audit_search
from app.store.audit_search import MOST_LOOKED_AT, AuditSearch
from app.store.database import Database

_PAGE = 100  # entries
_LARGEST_ID = 2**63 - 1


def create_audit(database: Database) -> Blueprint:
    """Build the page."""
    audit = Blueprint("audit", __name__)

    @audit.get("/audit")
    def find() -> str | tuple[str, int]:
        typed = {name: request.args.get(name, "").strip() for name in _FIELDS}
        search, wrong = _read(typed)
        before = request.args.get("before", type=int)
        before = before if before is not None and 0 < before <= _LARGEST_ID else None
        with database.read() as connection:
            page = audit_search.find(connection, search, _PAGE, before)
        query = urlencode({name: value for name, value in typed.items() if value})
        note(database, "audit_seen", query)
        context = {"typed": typed, "wrong": wrong, "query": query, "most_looked_at": MOST_LOOKED_AT}
        body = render_template("access/audit.html", page=page, actions=named_actions(), **context)
        return (body, 422) if wrong else body

    return audit


def named_actions() -> dict[str, str]:
    """What each action of the audit log is called."""
    return {
        "logged_in": gettext("logged in"),
        "logged_out": gettext("logged out"),
        "oidc_linked": gettext("linked the account with the login provider"),
        "password_changed": gettext("chose another password"),
        "events_seen": gettext("looked at a list of events"),
        "event_seen": gettext("looked at an event"),
        "document_seen": gettext("looked at an event as it was sent"),
        "exported": gettext("exported events"),
        "deliveries_retried": gettext("had deliveries sent again"),
        "deliveries_dropped": gettext("gave deliveries up"),
        "event_replayed": gettext("had an event sent again"),
        "refused_seen": gettext("looked at a list of refused bodies"),
        "refused_body_seen": gettext("looked at a refused body"),
        "refused_body_downloaded": gettext("downloaded a refused body"),
        "refused_admitted": gettext("admitted a refused body"),
        "refused_discarded": gettext("discarded a refused body"),
        "live_seen": gettext("opened the live page"),
        "live_watched": gettext("watched live events"),
        "people_seen": gettext("looked at a list of people"),
        "person_seen": gettext("looked at a person"),
        "person_held": gettext("put a person on hold"),
        "person_released": gettext("ended a person's hold"),
        "person_forgotten": gettext("had a person forgotten"),
        "person_exported": gettext("exported all there is of a person"),
        "strangers_seen": gettext("looked at strangers"),
        "audit_seen": gettext("looked at the audit log"),
        "user_added": gettext("added a user"),
        "role_changed": gettext("changed a user's role"),
        "delivery_retried": gettext("had a delivery sent again, by the API"),
        "delivery_dropped": gettext("gave a delivery up, by the API"),
        "token_added": gettext("added a token"),
        "token_revoked": gettext("revoked a token"),
        "password_given": gettext("gave a user a new password"),
        "user_disabled": gettext("disabled a user"),
        "user_enabled": gettext("enabled a user"),
    }


def _read(typed: Mapping[str, str]) -> tuple[AuditSearch, set[str]]:
    """The search, and the names of the fields that can't be read, which are left open."""
    values: dict[str, Any] = {}
    wrong = set()
    for name, text in typed.items():
        try:
            values[name] = _FIELDS[name](text) if text else None
        except (ValueError, OverflowError):
            wrong.add(name)
    return AuditSearch(**{name: value for name, value in values.items() if value}), wrong


def _name(text: str) -> str:
    if not clean_name(text):
        raise ValueError
    return clean_name(text)


_FIELDS: Mapping[str, Callable[[str], Any]] = {
    "since": local_time,
    "until": local_time,
    "user": _name,
    "action": plain_text,
    "subject": plain_text,
}

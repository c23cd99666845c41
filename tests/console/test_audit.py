"""An admin sees in the audit log who did and saw what."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import insert

from app.config import ROOT
from app.console.access.audit import named_actions
from app.store import audit_search
from app.store.audit_search import AuditSearch
from app.store.database import Database
from app.store.models import AuditRow
from tests.console.conftest import Person

START = datetime(2026, 11, 26, 8, tzinfo=UTC)


def fill(database: Database, number: int, *, minutes: int = 1) -> None:
    """Entries of two users, their times in no order of their ids within ten minutes."""
    with database.write() as connection:
        for n in range(number):
            moment = START + timedelta(minutes=minutes * (n // 10 * 10 + (n * 7) % 10))
            entry = {"at": moment, "user_name": ("anna", "bob")[n % 2], "source_address": "192.0.2.7"}
            action = ("event_seen", "logged_in", "document_seen")[n % 3]
            connection.execute(
                insert(AuditRow).values(entry | {"action": action, "subject": f"id-{n} Emp%{n}"})
            )


def found(database: Database, search: AuditSearch, limit: int = 100) -> list[str]:
    """The subjects on all pages."""
    subjects: list[str] = []
    before = None
    with database.read() as connection:
        while True:
            page = audit_search.find(connection, search, limit, before)
            subjects += [entry.subject for entry in page.entries]
            if page.before is None:
                return subjects
            before = page.before


def all_newest_first(number: int) -> list[str]:
    order = sorted(range(number), key=lambda n: (n // 10 * 10 + (n * 7) % 10, n), reverse=True)
    return [f"id-{n} Emp%{n}" for n in order]


@pytest.mark.parametrize(("limit", "looked_at"), list(product([1, 3, 100], [1, 4, 1000])))
def test_pages_show_each_match_once_however_few_match(
    database: Database, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    fill(database, 23, minutes=0 if limit == 3 else 1)
    monkeypatch.setattr(audit_search, "MOST_LOOKED_AT", looked_at)
    everything = found(database, AuditSearch(), limit)
    assert len(everything) == len(set(everything)) == 23
    if limit != 3:
        assert everything == all_newest_first(23)
    of_anna = [subject for subject in everything if int(subject.rpartition("%")[2]) % 2 == 0]
    assert found(database, AuditSearch(user="anna"), limit) == of_anna


@pytest.mark.parametrize(
    ("search", "numbers"),
    [
        (AuditSearch(user="bob"), {1, 3, 5, 7, 9, 11}),
        (AuditSearch(user="bo"), set()),
        (AuditSearch(action="logged_in"), {1, 4, 7, 10}),
        (AuditSearch(subject="id-1"), {1, 10, 11}),
        (AuditSearch(subject="emp%1"), {1, 10, 11}),
        (AuditSearch(subject="_"), set()),
        (AuditSearch(user="anna", action="event_seen", subject="id-6"), {6}),
        (AuditSearch(since=START + timedelta(minutes=9)), {7, 10, 11}),
        (AuditSearch(until=START + timedelta(minutes=1)), {0}),
        (AuditSearch(since=START + timedelta(days=1)), set()),
    ],
)
def test_each_filter_finds_what_matches_and_nothing_else(
    database: Database, search: AuditSearch, numbers: set[int]
) -> None:
    fill(database, 12)
    assert set(found(database, search)) == {f"id-{n} Emp%{n}" for n in numbers}


def test_the_page_says_in_words_who_did_what(admin: Person) -> None:
    admin.send("/users", name="anna", role="viewer")
    page = admin.get("/audit").text
    assert "<strong>root</strong> <span>added a user</span>" in page
    assert "anna viewer" in page
    assert "looked at the audit log" in admin.get("/audit", **{"Accept-Language": "en"}).text
    assert "添加了用户" in admin.get("/audit", **{"Accept-Language": "zh"}).text


def test_filters_lead_on_to_older_entries(admin: Person, database: Database) -> None:
    fill(database, 250)
    first = admin.get("/audit?" + urlencode({"user": "anna", "subject": "Emp%"})).text
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = admin.get(older).text
    shown = [page.count("<strong>anna</strong>") for page in (first, second)]
    assert shown == [100, 25]
    assert "<strong>bob</strong>" not in first + second
    assert 'rel="next"' not in second


@pytest.mark.parametrize(
    "query", ["since=yesterday", "user=a%00b", "subject=%00", "action=%00", "until=9999-12-31T23:59:59-23:59"]
)
def test_a_filter_that_can_not_be_read_is_left_out_and_said_so(admin: Person, query: str) -> None:
    page = admin.get(f"/audit?{query}")
    assert page.status_code == 422
    assert "Some of the filters" in page.text
    assert "<strong>root</strong>" in page.text


@pytest.mark.parametrize("before", ["-1", "x", "0", "99999999999999999999", "123456"])
def test_a_page_that_is_not_there_is_the_first(admin: Person, before: str) -> None:
    assert "<strong>root</strong>" in admin.get(f"/audit?before={before}").text


def words_of_source() -> Iterator[str]:
    """Every text that stands in the source for itself, the names of the audit log's actions apart."""
    for file in (ROOT / "app").rglob("*.py"):
        if file.name != "audit.py":
            nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            yield from (str(node.value) for node in nodes if isinstance(node, ast.Constant))


def noted() -> Iterator[str]:
    """Every action that the source hands to the audit log as it is."""
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and {"note", "note_within"} & {*ast.unparse(node.func).split(".")}:
                words = [one.value for one in node.args if isinstance(one, ast.Constant)]
                yield from (word for word in words if isinstance(word, str) and word)


def test_every_action_has_words_and_no_other_has(console: Flask) -> None:
    with console.test_request_context():
        named = set(named_actions())
    assert set(noted()) - {"audit_seen"} <= named
    assert named - {"audit_seen"} <= set(words_of_source())
    page = (ROOT / "docs/reference/database.md").read_text(encoding="utf-8")
    assert not [action for action in named if f"`{action}`" not in page]

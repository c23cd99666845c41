"""Reasons are kept in English; who reads the console in Chinese reads them in Chinese."""

# ruff: noqa: RUF001 - Chinese has colons of its own

import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import update

from app.config import Settings
from app.console.application import create_console
from app.console.reasons.translating import is_known, translated
from app.domain.refusals import kind_of_fault
from app.errors import Refused
from app.receiver.body.decoding import decode
from app.store import quarantine
from app.store.database import Database
from app.store.models import OutboxRow
from tests.console.conftest import Person
from tests.console.test_events import record
from tests.integration.test_quarantine import refusal
from tests.support.messages_of import messages_of
from tests.support.new_events import new_event

SOURCES = [
    "receiver",
    "jsontext.py",
    "errors.py",
    "domain/sightings.py",
    "enos/mapping",
    "enos/messages.py",
    "enos/preview.py",
    "enos/replies.py",
    "forwarder/claims.py",
    "forwarder/verdicts.py",
    "telemetry/health.py",
    "store/schema.py",
]
NEVER_SHOWN = {  # in the console, or not as they stand in the source
    "The body broke off after 7 bytes7",  # the second 7 stands for nothing, or for ": TimeoutError"
    "must be an object, {{ … }}",  # which marshmallow formats
    "7 (7)",  # what EnOS itself says stands in the brackets
    "7 is no WebSocket; it must look like ws://192.168.1.50:5679",
    "a reply is an object with an id and a code",
    "the box answered no ping within 7 s",
    "the code of a reply is a whole number",
    "the database has 7: run se3 migrate",  # 7 stands for "no tables" or "schema 0012"
    "too_large",
    "invalid",
}
BROKEN_JSON = [
    b'{"a" 1}',
    b"{a: 1}",
    b'{"a": }',
    b'{"a": 1',
    b'{"a": "',
    b'{"a": 1} x',
    b'{"a": "\t"}',
    b'["\\x"]',
    b"[1,]",
    b'{"a": "\\u12"}',
    b'{"a": 1,}',
    b'{"a": 1, "a": 2}',
    b"[" * 500,
    b'{"a": NaN}',
    b'{"a": "\xff"}',
]
IN_ENGLISH = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")  # three words in a row


def keep(database: Database, place: str) -> UUID:
    """Keep a body that was refused because this is no number."""
    problems = [{"pointer": place, "detail": "must be a number"}]
    refused = dataclasses.replace(refusal(b'{"score": "x"}'), problems=problems)
    with database.write() as connection:
        return quarantine.keep(connection, [refused])[0]


@pytest.fixture
def in_chinese(operator: Person) -> Callable[[str], str]:
    """Loads a page in Chinese."""
    return lambda path: operator.get(path, **{"Accept-Language": "zh"}).text


@pytest.fixture(scope="module")
def chinese() -> Iterator[Callable[[str], str]]:
    """Says a reason in Chinese."""
    app = create_console(Settings())

    def say(reason: str) -> str:
        with app.test_request_context(headers={"Accept-Language": "zh"}):
            return translated(reason)

    yield say
    app.extensions["database"].close()


def test_no_reason_that_is_given_is_missing() -> None:
    given = messages_of(*SOURCES)
    assert len(given) > 90
    assert [text for text in sorted(given - NEVER_SHOWN) if not is_known(text)] == []


@pytest.mark.parametrize("body", BROKEN_JSON)
def test_what_is_wrong_with_json_is_said_in_chinese(chinese: Callable[[str], str], body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        decode(body, "application/json", 2**20)
    assert not IN_ENGLISH.search(chinese(str(refused.value))), chinese(str(refused.value))


def test_several_reasons_are_said_with_their_places(chinese: Callable[[str], str]) -> None:
    reasons = (
        "ext_data/score must be a number; identity_id is empty; identity_id must tell who was seen; x; y"
    )
    assert (
        chinese(reasons)
        == "ext_data/score 必须是数; identity_id 为空；identity_id 必须说明识别到的是谁; x; y"
    )


def test_kinds_of_fault_are_said_though_they_have_no_numbers(chinese: Callable[[str], str]) -> None:
    time = "must be a time in seconds or milliseconds since 1970, within the years 1 to 9999"
    broken = "The body broke off after 9 bytes"
    kinds = [
        kind_of_fault(422, "/HistoryEvent", [{"pointer": "/timestamp", "detail": time}]),
        kind_of_fault(400, "/HistoryEvent", [{"pointer": "", "detail": broken}]),
        kind_of_fault(404, "/Wrong", [{"pointer": "", "detail": broken}]),
    ]
    assert [chinese(kind.reasons) for kind in kinds] == [
        "timestamp 必须是自 1970 年起以秒或毫秒计的时间，且在公元 1 年至 9999 年之内",
        "内容在 … 字节后中断",
        "/Wrong: 内容在 … 字节后中断",
    ]


def test_what_others_say_stays_as_it_is(chinese: Callable[[str], str]) -> None:
    reason = "EnOS knows no device with this key: register it there (device not found)"
    assert chinese(reason) == "EnOS 中没有此 key 的设备：请在那里注册 (device not found)"
    assert chinese(f"1257: {reason}").startswith("1257: EnOS 中没有")
    assert chinese(f"wrong door (before: {reason})").startswith("wrong door（此前：EnOS 中没有")
    assert chinese("<b>100%(a)s</b>") == "<b>100%(a)s</b>"


def test_refused_bodies_tell_in_chinese_why(in_chinese: Callable[[str], str], database: Database) -> None:
    quarantine_id = keep(database, "/score")
    for path in ("/refused", f"/refused/{quarantine_id}", f"/refused/{quarantine_id}/edit"):
        page = in_chinese(path)
        assert "must be a number" not in page
        assert "is missing" not in page
    assert "<mark>缺失</mark>" in in_chinese(f"/refused/{quarantine_id}")
    assert "score 必须是数" in in_chinese("/refused")


def test_the_relay_tells_in_chinese_why(in_chinese: Callable[[str], str], database: Database) -> None:
    [event_id] = record(database, new_event(1))
    with database.write() as connection:
        connection.execute(
            update(OutboxRow).values(
                state="parked",
                code=None,
                reason="member score: field score is no number",
                settled_at=datetime.now(UTC),
            )
        )
    for path in ("/relay", f"/events/{event_id}"):
        assert "成员 score：字段 score 不是数" in in_chinese(path)


def test_who_reads_english_gets_it_as_it_was_kept(operator: Person, database: Database) -> None:
    keep(database, "/a b")
    assert "a b must be a number" in operator.get("/refused").text

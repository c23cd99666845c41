"""A request's name: taken or made, in its reply and in its log lines, and in no other request's."""

import re

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings
from app.console.application import create_console
from app.receiver.request_ids import HEADER, name_requests
from app.telemetry.logs import configure_logging
from tests.integration.conftest import BoxClient
from tests.support.payloads import payload


def test_a_name_that_comes_with_a_request_is_in_its_reply_and_its_log_lines(
    box: BoxClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    event = payload("history-contract")
    named = box.post("/HistoryEvent", json=event, headers={HEADER: "proxy-1/a:b"})
    unnamed = box.post("/HistoryEvent", json=event | {"timestamp": 1})
    refused = box.post("/HistoryEvent", json={}, headers={HEADER: "proxy-2"})
    lines = capsys.readouterr().err.splitlines()
    assert named.headers[HEADER] == "proxy-1/a:b"
    assert refused.headers[HEADER] == "proxy-2"
    for reply, name in ((named, "event_stored"), (unnamed, "event_stored"), (refused, "body_refused")):
        [line] = [line for line in lines if f" request={reply.headers[HEADER]}" in line]
        assert name in line
    assert named.json["data"]["id"] in next(line for line in lines if "proxy-1" in line)


def test_each_request_without_a_name_gets_one_of_its_own(box: BoxClient) -> None:
    names = {box.get("/healthz").headers[HEADER] for _ in range(20)} | {box.get("/x").headers[HEADER]}
    assert len(names) == 21
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)


def test_the_console_names_requests_too() -> None:
    app = create_console(Settings(database_url="sqlite:////nowhere/se3.db"))
    assert app.test_client().get("/login", headers={HEADER: "one"}).headers[HEADER] == "one"


@given(st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=200))
def test_what_is_no_name_is_not_given_back(sent: str) -> None:
    app = Flask("named")
    name_requests(app)
    reply = app.test_client().get("/", headers={HEADER: sent}).headers[HEADER]
    is_name = 0 < len(sent) <= 128 and all("!" <= character <= "~" for character in sent)
    assert (reply == sent) is is_name
    assert re.fullmatch("[!-~]{1,128}", reply)

"""Whatever the OpenAPI document allows is answered as it says, and whatever it does not is refused."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode

from app.config import Settings
from app.console.application import create_console
from app.store import pictures
from app.store.database import Database
from tests.api.test_changing import keep
from tests.api.test_reading import record, report
from tests.support.api_client import ApiClient
from tests.support.new_events import new_event


class _Served:
    """The app of the test that runs: schemathesis wants one before there is a database."""

    app = create_console(Settings(database_url="sqlite://"))

    def __call__(self, *request: Any) -> Any:
        return self.app(*request)


served = _Served()
spec = served.app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
schema = schemathesis.openapi.from_dict(spec)
schema.app = served


@pytest.fixture
def known(console: Flask, database: Database) -> dict[str, Any]:
    """Something of everything; what there is, by the names that addresses give it."""
    served.app = console
    event_id, *_ = record(
        database, *(new_event(number, identity_name=f"name {number}") for number in range(3))
    )
    report(database, "b")
    with database.read() as connection:
        sha256 = pictures.references_of(connection, event_id)[0].sha256.hex()
    kept = keep(database, b"{}")
    return {
        "event_id": str(event_id),
        "delivery_id": 1,
        "quarantine_id": str(kept),
        "sha256": sha256,
        "key": "b",
        "identity_id": "nobody",
    }


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_it_answers_as_its_document_says(case: Case[Any], api: ApiClient, known: dict[str, Any]) -> None:
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        case.path_parameters.update({name: known[name] for name in case.path_parameters})
    case.call_and_validate(headers={"Authorization": f"Bearer {api.token}"})

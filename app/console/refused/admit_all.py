"""Admits all bodies of a kind of fault, after its cause was mended: as many as can be in one request."""

import time
from uuid import UUID

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as AnyResponse

from app.config import Settings
from app.console.access.guard import actor
from app.console.notices import done
from app.console.refused.actions import read_holds
from app.receiver.refused.admission import Admission, admit_each
from app.store import quarantine_search
from app.store.database import Database
from app.store.quarantine_search import RefusedSearch

SECONDS = 10.0  # then the page asks whether to go on


def add_admit_all(refused: Blueprint, settings: Settings, database: Database) -> None:
    """Add it to the pages."""

    @refused.post("/refused/admit")
    def admit_all() -> AnyResponse:
        fault = request.form.get("fault") or abort(400)
        after = request.form.get("after", type=UUID)
        with database.read() as connection:
            ids, after = quarantine_search.ids_to_go(connection, RefusedSearch(fault=fault), after)
        end = time.monotonic() + SECONDS
        admitted = still = 0
        for outcome in admit_each(database, settings, ids, Admission(actor(), read_holds())):
            admitted, still = admitted + (outcome.fault is None), still + (outcome.fault is not None)
            if time.monotonic() > end and outcome.quarantine_id != ids[-1]:
                after = outcome.quarantine_id
                break
        return done("admitted", admitted, "refused.find", fault=fault, still=still or None, after=after)

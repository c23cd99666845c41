"""docs/reference/boxes.md: every firmware form, in every encoding, on every path, and what is stored of it.

`make boxes` writes the page anew from this test's run; `make test` holds the page to it.
"""

import base64
import dataclasses
import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from app.built_in_paths import HISTORY_PATHS, REALTIME_PATHS
from app.config import ROOT
from app.domain.events import FaceEvent, Kind
from app.domain.times import to_milliseconds
from app.simulators.box import Box
from app.simulators.encodings import ENCODINGS, encode
from app.simulators.seen import Sighting
from app.simulators.sightings import FORMS
from app.store import events, pictures
from app.store.database import Database
from tests.integration.conftest import BoxClient

PAGE = ROOT / "docs/reference/boxes.md"
MARK = "<!-- from here on written by `make boxes` -->\n"
NAMES = {
    "v2r1": "V2R1 (nested)",
    "v2r4": "V2R4 (nested)",
    "v5r3": "V5R3 (nested)",
    "v5r7": "V5R7 (flat)",
    "v6r1": "V6R1 (V6)",
}
ROUTES = {
    "history event on history paths": (Kind.HISTORY, HISTORY_PATHS),
    "history event on real-time paths": (Kind.HISTORY, REALTIME_PATHS),
    "real-time event on real-time paths": (Kind.REALTIME, REALTIME_PATHS),
}


def facts(sighting: Sighting, form: str, kind: Kind) -> dict[str, Any]:
    """What the columns of this sighting's event should hold, as far as this form and kind tell it."""
    person = sighting.person
    found = {
        "identity_id": person.identity_id,
        "identity_name": person.name,
        "occurred_at": sighting.timestamp,
        "score": sighting.likeness if form == "v2r1" else sighting.score,
        "person_type": person.person_type,
        "device_ip": sighting.device_ip,
    }
    if kind is Kind.REALTIME or form in ("v2r1", "v2r4", "v5r3"):
        found |= {"group_name": person.group, "device_type": "0"}
    if kind is Kind.HISTORY:
        found["dev_sno"] = sighting.dev_sno
        found |= {} if form == "v2r1" else {"want_action": "0"}
    return found


def columns(event: FaceEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in FaceEvent.__slots__} | {
        "occurred_at": to_milliseconds(event.occurred_at)
    }


def pictures_in(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for item in value.values():
            yield from pictures_in(item)
    elif isinstance(value, str) and value.startswith("/9j/"):
        yield base64.b64decode(value)


def outcome(database: Database, reply: Any, asked: dict[str, Any], sent: set[bytes]) -> str:
    """How many of a sighting's fields and pictures are stored right."""
    if reply.status_code != 200:
        return f"{reply.status_code}"
    data = reply.json["data"]
    event_id = UUID((data[0] if isinstance(data, list) else data)["id"])
    with database.read() as connection:
        event = events.get(connection, event_id)
        stored = {use.picture.content for use in pictures.uses_of(connection, event_id)}
    assert event is not None
    right = sum(columns(event)[name] == value for name, value in asked.items())
    return f"200, {right}/{len(asked)} fields, {len(sent & stored)}/{len(sent)} pictures"


def row(box: BoxClient, database: Database, simulated: Box, form: str, encoding: str) -> str:
    def outcomes(kind: Kind, paths: tuple[str, ...]) -> Iterator[str]:
        for path in paths:
            sighting = dataclasses.replace(seen, timestamp=simulated.gate.next_sighting().timestamp)
            document = drawn[kind] | {"timestamp": sighting.timestamp}
            body, headers = encode(document, encoding)
            reply = box.post(path, data=body, headers=headers)
            yield outcome(database, reply, facts(sighting, form, kind), set(pictures_in(document)))

    seen = simulated.gate.next_sighting()
    drawn = {
        kind: simulated.event(seen, kind) for kind in Kind
    }  # once: drawing takes longer than all the rest
    cells = ["; ".join(sorted(set(outcomes(kind, paths)))) for kind, paths in ROUTES.values()]
    return f"| {' | '.join([NAMES[form], f'`{encoding}`', *cells])} |"


def test_the_page_says_what_becomes_of_every_box_s_events(box: BoxClient, database: Database) -> None:
    headings = ["firmware form", "encoding", *ROUTES]
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for form in FORMS:
        simulated = Box("http://127.0.0.1", form=form, people=3)  # no stranger, who has no library photo
        lines += [row(box, database, simulated, form, encoding) for encoding in ENCODINGS]
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + "\n" + "\n".join(lines) + "\n"
    if os.environ.get("WRITE_BOXES_PAGE"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "run `make boxes` and look at what has changed"

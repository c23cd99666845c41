"""A minimal FastAPI server in one uvicorn process: `python -m benchmarks.peers.fastapi_minimal PORT FILE`.

For each event pydantic checks the contract's main fields, the standard library decodes both pictures, and one
row that holds both is committed to SQLite (WAL, synchronous=FULL) before the reply. It does not deduplicate,
keep unknown fields, take forms, or relay. uvicorn parses HTTP with httptools, the faster of its two parsers.
The commit runs on the event loop: in a thread, as a plain `def` would have it, no more events got through.
"""

import base64
import sqlite3
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.bodies import PATH
from benchmarks.connection import HOST

_TABLE = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, identity_id TEXT, identity_name TEXT, timestamp INTEGER, score REAL,
    dev_sno TEXT, device_ip TEXT, reg_pic BLOB, spot_pic BLOB
)"""
_INSERT = """
INSERT INTO events (identity_id, identity_name, timestamp, score, dev_sno, device_ip, reg_pic, spot_pic)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""


class ExtData(BaseModel):
    """What a box adds about itself and the scene."""

    dev_sno: str
    device_ip: str
    spot_pic: str


class Event(BaseModel):
    """An event of the contract."""

    identity_id: str
    identity_name: str
    timestamp: int
    score: float
    reg_pic: str
    ext_data: ExtData


def create_app(file: str) -> FastAPI:
    """Build the app that writes into this SQLite file."""
    app = FastAPI()
    connection = sqlite3.connect(file, isolation_level=None)  # each INSERT is a transaction
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_TABLE)

    @app.post(PATH)
    async def receive(event: Event) -> dict[str, Any]:
        connection.execute(_INSERT, _values(event))
        return {"status": 0, "message": "SUCCESS"}

    return app


def _values(event: Event) -> tuple[Any, ...]:
    extra = event.ext_data
    fields = (event.identity_id, event.identity_name, event.timestamp, event.score)
    pictures = (base64.b64decode(event.reg_pic), base64.b64decode(extra.spot_pic))
    return (*fields, extra.dev_sno, extra.device_ip, *pictures)


if __name__ == "__main__":
    uvicorn.run(
        create_app(sys.argv[2]), host=HOST, port=int(sys.argv[1]), access_log=False, log_level="warning"
    )

"""What a Flask application of the usual kind does: marshmallow checks, SQLAlchemy's ORM stores.

gunicorn runs it in two sync workers, with DATABASE_URL set; `python -m benchmarks.peers.flask_orm` makes the
table first. For each event marshmallow checks the contract's main fields, the standard library decodes both
pictures, and a session adds one row that holds both and commits it before the reply (SQLite: WAL,
synchronous=FULL; PostgreSQL as it is set up). It does not deduplicate, keep unknown fields, take forms, or
relay.
"""

import base64
import os
from typing import Any

from flask import Flask, Response, jsonify, request
from marshmallow import EXCLUDE, Schema, fields
from sqlalchemy import BigInteger, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from benchmarks.bodies import PATH


class _Base(DeclarativeBase):
    pass


class EventRow(_Base):
    """An event with both its pictures."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    identity_id: Mapped[str]
    identity_name: Mapped[str]
    timestamp: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[float]
    dev_sno: Mapped[str]
    device_ip: Mapped[str]
    reg_pic: Mapped[bytes]
    spot_pic: Mapped[bytes]


class _Lenient(Schema):
    class Meta:
        """What is not declared is left out."""

        unknown = EXCLUDE


class _ExtData(_Lenient):
    dev_sno = fields.String(required=True)
    device_ip = fields.String(required=True)
    spot_pic = fields.String(required=True)


class _Event(_Lenient):
    identity_id = fields.String(required=True)
    identity_name = fields.String(required=True)
    timestamp = fields.Integer(required=True)
    score = fields.Float(required=True)
    reg_pic = fields.String(required=True)
    ext_data = fields.Nested(_ExtData, required=True)


_SCHEMA = _Event()
_ENGINE = create_engine(os.environ["DATABASE_URL"])


@event.listens_for(_ENGINE, "connect")
def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    if _ENGINE.dialect.name == "sqlite":
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()


def create_table() -> None:
    """Create the table, once, before the workers start."""
    _Base.metadata.create_all(_ENGINE)


app = Flask(__name__, static_folder=None)


@app.post(PATH)
def receive() -> Response:
    """Check the event, store it, and say so."""
    checked: dict[str, Any] = _SCHEMA.load(request.get_json())
    extra = checked.pop("ext_data")
    checked["reg_pic"] = base64.b64decode(checked["reg_pic"])
    extra["spot_pic"] = base64.b64decode(extra["spot_pic"])
    with Session(_ENGINE) as session:
        session.add(EventRow(**checked, **extra))
        session.commit()
    return jsonify(status=0, message="SUCCESS")


if __name__ == "__main__":
    create_table()

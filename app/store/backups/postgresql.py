"""Backups of PostgreSQL: archives of pg_dump, put back by pg_restore."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

from psycopg.conninfo import make_conninfo
from sqlalchemy import inspect

from app.errors import BackupError
from app.store.backups.steps import STEP_BYTES, end_step
from app.store.database import Database


def dump(database: Database, target: Path) -> None:
    """Write the database as it is at one moment into an archive, compressed.

    Raises:
        BackupError: pg_dump is missing, or says what is wrong.
    """
    with target.open("wb") as archive:
        for piece in _run(database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges"):
            archive.write(piece)
            archive.flush()
            end_step(archive)


def load(database: Database, archive: Path) -> None:
    """Put an archive back in one transaction.

    Raises:
        BackupError: the database has tables, or pg_restore is missing, or says what is wrong.
        StoreUnavailable: the database can't be reached.
    """
    with database.read() as connection:
        if tables := inspect(connection).get_table_names():
            raise BackupError(
                f"the database has tables ({tables[0]}, ...): create an empty one to restore into"
            )
    for _ in _run(
        database, "pg_restore", "--single-transaction", "--no-owner", "--no-privileges", str(archive)
    ):
        pass  # it prints nothing


def _run(database: Database, program: str, *arguments: str) -> Iterator[bytes]:
    """Run one of PostgreSQL's programs on the database; gives what it prints, in large pieces.

    No list of processes shows the password.
    """
    url = database.url
    parts = url.translate_connect_args(username="user", database="dbname") | dict(url.query)
    password = parts.pop("password", None)
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    command = [program, f"--dbname={make_conninfo(**parts)}", "--no-password", *arguments]
    with TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own arguments
                command, env=environment, stdout=subprocess.PIPE, stderr=complaints
            )
        except FileNotFoundError:
            raise BackupError(f"{program} is not there: install PostgreSQL's client programs") from None
        with process:
            assert process.stdout  # noqa: S101 - narrows a type for mypy
            while piece := process.stdout.read(STEP_BYTES):
                yield piece
        if process.returncode:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()
            raise BackupError(f"{program} failed: {said or process.returncode}")

"""Backups of PostgreSQL: archives of pg_dump, put back by pg_restore."""

import os
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import inspect

from app.errors import BackupError
from app.store.database import Database


def dump(database: Database, target: Path) -> None:
    """Write the database as it is at one moment into an archive, compressed.

    Raises:
        BackupError: pg_dump is missing, or says what is wrong.
    """
    _run(database, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


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
    _run(database, "pg_restore", "--single-transaction", "--no-owner", "--no-privileges", str(archive))


def _run(database: Database, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the database; no list of processes shows the password."""
    url = database.url
    parts = url.translate_connect_args(username="user", database="dbname") | dict(url.query)
    password = parts.pop("password", None)
    environment = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    command = [program, f"--dbname={make_conninfo(**parts)}", "--no-password", *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            command, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise BackupError(f"{program} is not there: install PostgreSQL's client programs") from None
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip() or done.returncode}")

"""How much room the database takes."""

from sqlalchemy import Connection, func, select

from app.store.database import Database


def size_bytes(database: Database, connection: Connection) -> int:
    """Bytes on the disk: of SQLite's file and what is not written into it yet, or as PostgreSQL says."""
    if database.sqlite_file is None:
        return connection.scalar(select(func.pg_database_size(func.current_database()))) or 0
    log = database.sqlite_file.with_name(database.sqlite_file.name + "-wal")
    return sum(file.stat().st_size for file in (database.sqlite_file, log) if file.exists())

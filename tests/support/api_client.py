"""A program that asks the API with a token of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.domain.users import Role
from app.store import api_tokens
from app.store.database import Database


class ApiClient:
    """Paths are those below /api/v1, or whole ones."""

    def __init__(self, console: Flask, name: str = "a program", role: Role = Role.OPERATOR) -> None:
        database: Database = console.extensions["database"]
        with database.write() as connection:
            self.token = api_tokens.add(connection, name, role, datetime.now(UTC) + timedelta(days=1))
        self._client = console.test_client()

    def ask(self, method: str, path: str, **options: Any) -> TestResponse:
        whole = path if path.startswith("/api/") else f"/api/v1{path}"
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self._client.open(whole, method=method, headers=headers, **options)

    def get(self, path: str, **query: Any) -> Any:
        """What a GET answers, which must succeed."""
        reply = self.ask("GET", path, query_string=query)
        assert reply.status_code == 200, reply.text
        return reply.get_json()

    def walk(self, path: str, **query: Any) -> list[Any]:
        """All items of all pages."""
        page = self.get(path, **query)
        items: list[Any] = page["items"]
        while page["next"]:
            page = self.get(path, **query | {"cursor": page["next"]})
            items += page["items"]
        return items

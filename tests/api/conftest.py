"""The console's app with the API in it, and a program that asks it."""

import pytest
from flask import Flask

from tests.console.conftest import add_user, console, stranger, viewer
from tests.support.api_client import ApiClient

__all__ = ["add_user", "console", "stranger", "viewer"]


@pytest.fixture
def api(console: Flask) -> ApiClient:
    """A program with a token of an operator."""
    return ApiClient(console)

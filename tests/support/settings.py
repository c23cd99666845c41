"""Settings that come from the test alone, whatever the developer's environment and `.env` say."""

import atexit
import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import pytest
from dotenv import dotenv_values
from environs import FileAwareEnv

from app.config import ROOT, variables
from tests.support.ports import free_port

_DEVELOPERS_FILE = ROOT / ".env"
_NAMES = {field.name.upper() for field in variables()}
_SECRET_NAMES = {f"{name}_FILE" for name in _NAMES}
_read_env = FileAwareEnv.read_env


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting from this process; a test may still set its own, or read a `.env` of its own."""
    for name in _NAMES | _SECRET_NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(FileAwareEnv, "read_env", _read_env_of_a_test)


def child_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Give a child process's environment: this one's, with these settings and no others."""
    _refuse_secrets_of_the_developer()
    # An empty variable counts as unset and yet wins over the same one in .env, which the child will read.
    unset = dict.fromkeys(_NAMES | _SECRET_NAMES, "")
    own = {  # several tests may run the product at a time
        "CONSOLE_BIND": f"127.0.0.1:{free_port()}",
        "SPOOL_PATH": str(Path(_folder()) / f"{uuid4().hex}.db"),
    }
    return dict(os.environ) | unset | own | dict(settings)


@cache
def _folder() -> str:
    """A folder that goes with this process."""
    folder = mkdtemp(prefix="se3-spools-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _read_env_of_a_test(env: FileAwareEnv, path: Any, **options: Any) -> None:
    if path != _DEVELOPERS_FILE:
        _read_env(env, path, **options)


def _refuse_secrets_of_the_developer() -> None:
    """Fail where `.env` names files of secrets: no variable of a child's environment wins over those."""
    if found := _SECRET_NAMES & dotenv_values(_DEVELOPERS_FILE).keys():
        pytest.fail(f"tests would use {', '.join(sorted(found))} of {_DEVELOPERS_FILE}: move that file away")

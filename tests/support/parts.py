"""Finds the programs that tests need beside Python's packages."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"  # not on the PATH of an ordinary user


def find_mosquitto() -> Path:
    """Give the MQTT broker's path; without it the test is skipped, or fails where CI=true."""
    path = shutil.which("mosquitto", path=f"{os.environ['PATH']}:{_SYSTEM_FOLDERS}")
    return Path(path) if path else _missing("mosquitto")


def find_postgresql() -> Path:
    """Give the folder of PostgreSQL's programs; without it the test is skipped, or fails where CI=true."""
    if path := shutil.which("initdb"):
        return Path(path).resolve().parent  # a link on the PATH may stand there alone
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    installed = [folder for folder in folders if (folder / "initdb").exists()]
    return max(installed, key=_version) if installed else _missing("postgresql")


def find_nginx() -> Path:
    """Give the web server's path; without it the test is skipped, or fails where CI=true."""
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:{_SYSTEM_FOLDERS}")
    return Path(path) if path else _missing("nginx")


def find_systemd_analyze() -> Path:
    """Give the path of systemd's checker; without it the test is skipped, or fails where CI=true."""
    path = shutil.which("systemd-analyze")
    return Path(path) if path else _missing("systemd")


def find_openssl() -> Path:
    """Give the path of openssl; without it the test is skipped, or fails where CI=true."""
    path = shutil.which("openssl")
    return Path(path) if path else _missing("openssl")


def find_chromium() -> Path:
    """Give the browser's path; without it the test is skipped, or fails where CI=true."""
    path = shutil.which("chromium")
    return Path(path) if path else _missing("chromium")


def _missing(package: str) -> NoReturn:
    missing(f"{package} is not installed; on Debian: sudo apt-get install {package}")


def _version(folder: Path) -> float:
    return float(folder.parent.name)


def missing(reason: str) -> NoReturn:
    """Skip the test, which needs something that is not here; where CI=true, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

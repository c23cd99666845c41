"""A real browser before the real console."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.parts import find_chromium
from tests.support.ports import free_port
from tests.support.programs import Program, own_program

_ARGUMENTS = [
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Site:
    """`se3 run`, without EnOS unless the settings name it.

    `password`: the one that it printed for the first login of admin; `cookies`: those of that login.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.database_url = f"sqlite:///{folder / 'se3.db'}"
        receiver, console = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.receiver, self.console = f"http://{receiver}", f"http://{console}"
        self.cookies: list[Any] = []
        settings |= {
            "DATABASE_URL": self.database_url,
            "RECEIVER_BIND": receiver,
            "CONSOLE_BIND": console,
            "DISK_FLOOR_MB": "0",
        }
        self.program = Program([own_program("se3"), "run"], folder / "run.log", env=settings)

    def __enter__(self) -> Self:
        try:
            self.program.wait_until(lambda: self.program.output().count("Booting worker") >= 3, timeout=60)
        except AssertionError:
            self.program.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop(timeout=30)

    @property
    def password(self) -> str:
        found = re.search(r"and choose another: (\S+)", self.program.output())
        assert found
        return found[1]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site to which nothing has come yet."""
    with Site(tmp_path) as site:
        yield site


@pytest.fixture(scope="package")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site for all tests that look only at what they themselves have posted."""
    with Site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser in English, which fails the test if a script of it failed."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not [fault for fault in faults if "the server responded" not in fault]

"""A real browser before the real console."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    """`se3 run` without EnOS. `password`: the one that it printed for the first login of admin."""

    def __init__(self, program: Program, receiver: str, console: str, database_url: str) -> None:
        self.program = program
        self.database_url = database_url
        self.receiver = receiver
        self.console = console

    @property
    def password(self) -> str:
        found = re.search(r"and choose another: (\S+)", self.program.output())
        assert found
        return found[1]


@contextmanager
def running_site(folder: Path, **more: str) -> Iterator[Site]:
    """`se3 run` on free ports, with these settings beside those that it needs."""
    receiver, console = (f"127.0.0.1:{free_port()}" for _ in range(2))
    url = f"sqlite:///{folder / 'se3.db'}"
    settings = {"DATABASE_URL": url, "RECEIVER_BIND": receiver, "CONSOLE_BIND": console, "DISK_FLOOR_MB": "0"}
    with Program([own_program("se3"), "run"], folder / "run.log", env=settings | more) as program:
        program.wait_until(lambda: program.output().count("Booting worker") >= 3, timeout=60)
        yield Site(program, f"http://{receiver}", f"http://{console}", url)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
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

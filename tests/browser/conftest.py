"""A real browser before the real console."""

import re
from collections.abc import Iterator
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


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    ports = free_port(), free_port()
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'se3.db'}",
        "RECEIVER_BIND": f"127.0.0.1:{ports[0]}",
        "CONSOLE_BIND": f"127.0.0.1:{ports[1]}",
        "DISK_FLOOR_MB": "0",
    }
    with Program([own_program("se3"), "run"], tmp_path / "run.log", env=settings) as program:
        receiver, console = (f"http://127.0.0.1:{port}" for port in ports)
        site = Site(program, receiver, console, settings["DATABASE_URL"])
        program.wait_until(lambda: program.output().count("Booting worker") >= 3)
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

"""Every page on the demo's data: read by everybody, at any width, in light and dark.

`make screenshots` keeps the pictures that are taken here in docs/images/console.
"""

import io
import itertools
import os
import re
from collections.abc import Iterator
from typing import Literal

import pytest
import urllib3
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page

from app.config import ROOT
from tests.support.payloads import payload
from tests.support.programs import Program, own_program

PASSWORD = "a long password"
FOLDER = ROOT / "docs" / "images" / "console"
WIDTHS = {"narrow": (375, 812), "wide": (1920, 1080)}
ColorScheme = Literal["light", "dark"]
CHECKED: set[tuple[str, ColorScheme]] = {("narrow", "dark"), ("wide", "light")}
NEVER_QUIET = {"live"}  # its stream goes on
NOT_OURS = {"api"}  # Swagger UI's markup; docs/reference/api.md says the same in words
SCHEMES: tuple[ColorScheme, ...] = ("light", "dark")
COLORS = 128  # of a picture that is kept: its file is a quarter as large then, and as readable

PAGES = {
    "login": "/login",
    "overview": "/",
    "live": "/live",
    "events": "/events",
    "event": "/events >> .event a",
    "people": "/people",
    "person": "/people >> main li a",
    "forget-person": "/people >> main li a >> main a[href*='/person/forget']",
    "strangers": "/strangers",
    "boxes": "/boxes",
    "box": "/boxes >> h2 a",
    "new-box": "/boxes/new",
    "relay": "/relay",
    "refused": "/refused",
    "refused-body": "/refused >> a.who",
    "correct-body": "/refused >> a.who >> main a[href$='/edit']",
    "users": "/users",
    "audit": "/audit",
    "password": "/password",
    "api": "/api/v1/docs",
}
"""Each page's address, and after each >> the link that leads on to it."""


class Demo:
    """`se3 demo`, looked at as its admin. `cookies` are those of the login."""

    def __init__(self, console: str, cookies: list[object]) -> None:
        self.console = console
        self.cookies = cookies


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    log = tmp_path_factory.mktemp("demo") / "out.log"
    with Program([own_program("se3"), "demo"], log) as program:
        program.wait_for_output(r"[1-9]\d* delivered", timeout=60)
        found = re.search(r"Look at (\S+) as admin; the password: (\S+)", program.output())
        assert found
        page = browser.new_page()
        page.goto(found[1])
        page.locator("[name=name]").fill("admin")
        page.locator("[name=password]").fill(found[2])
        page.locator("main button").click()
        page.locator("[name=old]").fill(found[2])
        page.locator("[name=new]").fill(PASSWORD)
        page.locator("main button").click()
        page.wait_for_selector(".verdict")
        page.goto(f"{found[1]}/boxes/new")
        refuse_one(page.locator("input[readonly]").first.input_value())
        yield Demo(found[1], list(page.context.cookies()))


def refuse_one(url: str) -> None:
    """Have a body refused, as a box of unknown firmware would."""
    body = payload("history-contract") | {"score": "high", "timestamp": None}
    assert urllib3.request("POST", url, json=body, timeout=10).status == 422


def opened(browser: Browser, demo: Demo, name: str) -> Page:
    context = browser.new_context(locale="en-GB")
    if name != "login":
        context.add_cookies(demo.cookies)  # type: ignore[arg-type]  # as they were given
    page = context.new_page()
    address, *links = PAGES[name].split(" >> ")
    reply = page.goto(demo.console + address)
    for link in links:
        target = page.locator(link).first.get_attribute("href")
        reply = page.goto(f"{demo.console}{target}")
    assert reply
    assert reply.status == 200, address
    return page


def look(page: Page, size: tuple[int, int], scheme: ColorScheme) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("[...document.images].every(image => image.complete || image.loading === 'lazy')")


def keep(name: str, png: bytes) -> None:
    """Write a picture into docs/, no wider than a reader's screen."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(png)) as image:
        image.thumbnail((1280, 1280))
        image.convert("RGB").quantize(COLORS).save(FOLDER / f"{name}.png", optimize=True)


def check(page: Page, name: str, width: int) -> None:
    wanted = page.evaluate("document.documentElement.scrollWidth")
    assert wanted <= width, f"needs {wanted} px"
    found = [] if name in NOT_OURS else Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not serious, [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious]


@pytest.mark.timeout(900)
def test_pages_are_for_everybody(browser: Browser, demo: Demo, subtests: pytest.Subtests) -> None:
    """axe-core looks at what is narrow and dark, and at what is wide and light: its rules know no width."""
    all_looks = set(itertools.product(WIDTHS, SCHEMES))
    looks = all_looks if os.environ.get("WRITE_SCREENSHOTS") else CHECKED
    for name in PAGES:
        with subtests.test(page=name):
            page = opened(browser, demo, name)
            for width, scheme in sorted(looks):
                with subtests.test(page=name, width=width, scheme=scheme):
                    look(page, WIDTHS[width], scheme)
                    if os.environ.get("WRITE_SCREENSHOTS"):
                        if name not in NEVER_QUIET:
                            page.wait_for_load_state("networkidle")  # pictures that are loaded late
                        keep(f"{name}-{width}-{scheme}", page.screenshot())
                    if (width, scheme) in CHECKED:
                        check(page, name, WIDTHS[width][0])
            page.context.close()

"""An operator sends again what EnOS had refused, in a real browser, to a simulated EnOS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.simulators.enos.hub import Hub
from tests.browser.conftest import Site
from tests.browser.test_console import NEW_PASSWORD, post
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.programs import Program, own_program

UNKNOWN_DEVICE = 1257  # EnOS protocol, section 3


@pytest.fixture
def hub(mosquitto: Mosquitto) -> Iterator[Hub]:
    with Hub(mosquitto.url, code=UNKNOWN_DEVICE) as hub:
        yield hub


@pytest.fixture
def relaying_site(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Site]:
    """`se3 run` with EnOS."""
    ports = free_port(), free_port()
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'se3.db'}",
        "RECEIVER_BIND": f"127.0.0.1:{ports[0]}",
        "CONSOLE_BIND": f"127.0.0.1:{ports[1]}",
        "DISK_FLOOR_MB": "0",
        "ENOS_BROKER_URL": mosquitto.url,
        "ENOS_PRODUCT_KEY": "pk",
        "ENOS_PRODUCT_SECRET": "secret",
    }
    with Program([own_program("se3"), "run"], tmp_path / "run.log", env=settings) as program:
        receiver, console = (f"http://127.0.0.1:{port}" for port in ports)
        site = Site(program, receiver, console, settings["DATABASE_URL"])
        program.wait_until(lambda: program.output().count("Booting worker") >= 3, timeout=30)
        program.wait_for_output("channel_open", timeout=30)
        yield site


def log_in(page: Page, site: Site) -> None:
    page.goto(site.console)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Old password").fill(site.password)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    page.get_by_role("navigation").get_by_role("link", name="Relay").click()
    expect(page.get_by_role("heading", name="Channels")).to_be_visible()


def reload_until_seen(page: Page, site: Site, text: str) -> None:
    def is_seen() -> bool:
        page.reload()
        return page.get_by_text(text).first.is_visible()

    site.program.wait_until(is_seen)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def test_a_refused_event_is_sent_again_once_the_cause_is_mended(
    page: Page, hub: Hub, relaying_site: Site
) -> None:
    log_in(page, relaying_site)
    reload_until_seen(page, relaying_site, "healthy")
    post(relaying_site, 1, identity_name="Person 1")
    reload_until_seen(page, relaying_site, "EnOS knows no device with this key")
    expect(page.get_by_text("Register the device in EnOS")).to_be_visible()
    assert serious(page) == []
    hub.code = 200
    page.get_by_role("button", name="Send 1 again").click()
    expect(page.get_by_role("status")).to_have_text("1 event is sent again.")
    assert hub.wait_for_events(1, timeout=15)
    page.get_by_role("navigation").get_by_role("link", name="Events").click()
    page.get_by_text("Person 1").click()
    reload_until_seen(page, relaying_site, "in EnOS")


def test_a_refused_event_is_given_up_with_a_reason(page: Page, hub: Hub, relaying_site: Site) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    log_in(page, relaying_site)
    post(relaying_site, 1)
    reload_until_seen(page, relaying_site, "EnOS knows no device with this key")
    page.get_by_text("Give up…").click()
    page.get_by_label("Why").fill("the camera is gone")
    button = page.get_by_role("button", name="Give 1 up")
    button.click()  # the browser holds it back: the tick is missing
    page.get_by_label("I am sure").check()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []
    button.click()
    expect(page.get_by_role("status")).to_have_text("1 event is given up.")
    expect(page.get_by_text("the camera is gone (before:")).to_be_visible()
    page.get_by_text("As a table").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []
    assert hub.events == 0

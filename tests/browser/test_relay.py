"""An operator sends again what EnOS had refused, in a real browser, to a simulated EnOS."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.simulators.enos.hub import Hub
from tests.browser.conftest import Site
from tests.browser.test_console import log_in, post
from tests.support.mosquitto import Mosquitto

UNKNOWN_DEVICE = 1257  # EnOS protocol, section 3


@dataclass
class Relaying:
    """A site and its EnOS."""

    site: Site
    hub: Hub


@pytest.fixture(scope="module")
def shared_relaying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relaying]:
    folder = tmp_path_factory.mktemp("relaying")
    broker = Mosquitto(folder)
    login = {
        "ENOS_BROKER_URL": broker.url,
        "ENOS_PRODUCT_KEY": "pk",
        "ENOS_PRODUCT_SECRET": "secret",
    }
    try:
        broker.start()
        with Hub(broker.url) as hub, Site(folder, **login) as site:
            site.program.wait_for_output("channel_open", timeout=30)
            yield Relaying(site, hub)
    finally:
        broker.stop()


@pytest.fixture
def relaying(shared_relaying: Relaying) -> Relaying:
    """A site whose EnOS knows no device any more."""
    shared_relaying.hub.code = UNKNOWN_DEVICE
    return shared_relaying


def open_relay(page: Page, site: Site) -> None:
    log_in(page, site)
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


def test_a_refused_event_is_sent_again_once_the_cause_is_mended(page: Page, relaying: Relaying) -> None:
    site, hub = relaying.site, relaying.hub
    events = hub.events
    open_relay(page, site)
    reload_until_seen(page, site, "healthy")
    post(site, 1, identity_name="Person 1")
    reload_until_seen(page, site, "EnOS knows no device with this key")
    expect(page.get_by_text("Register the device in EnOS")).to_be_visible()
    assert serious(page) == []
    hub.code = 200
    page.get_by_role("button", name="Send 1 again").click()
    expect(page.get_by_role("status")).to_have_text("1 event is sent again.")
    assert hub.wait_for_events(events + 1, timeout=15)
    page.get_by_role("navigation").get_by_role("link", name="Events").click()
    page.get_by_text("Person 1").click()
    reload_until_seen(page, site, "in EnOS")


def test_a_refused_event_is_given_up_with_a_reason(page: Page, relaying: Relaying) -> None:
    site, hub = relaying.site, relaying.hub
    events = hub.events
    page.set_viewport_size({"width": 375, "height": 700})
    open_relay(page, site)
    post(site, 2)
    reload_until_seen(page, site, "EnOS knows no device with this key")
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
    assert hub.events == events

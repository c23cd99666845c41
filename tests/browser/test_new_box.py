"""Somebody points a new box here, and sees it come.

The page ends before the site, for else it would go on asking and find nobody there.
"""

import re

import urllib3
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.simulators.encodings import encode
from tests.browser.conftest import Site
from tests.browser.test_console import log_in
from tests.support.payloads import payload


def post(site: Site, path: str, **fields: object) -> int:
    body, headers = encode(payload("history-contract") | fields, "json")
    return urllib3.request("POST", f"{site.receiver}{path}", body=body, headers=headers, timeout=10).status


def require_accessible(page: Page) -> None:
    """Fail where somebody could not read or use the page."""
    found = Axe().run(page).response["violations"]
    assert not [one for one in found if one["impact"] in ("serious", "critical")]


def test_the_page_turns_green_when_the_first_event_of_a_new_box_comes(site: Site, page: Page) -> None:
    log_in(page, site)
    page.get_by_role("navigation").get_by_role("link", name="Boxes").click()
    page.get_by_role("link", name="Point a new box here").click()
    come = page.get_by_role("status")
    expect(come).to_contain_text("Waiting for a new box")
    page.evaluate("window.opened = true")  # gone once the page is loaded anew
    require_accessible(page)
    assert post(site, "/HistoryEvent", timestamp="yesterday") == 422
    expect(come).to_contain_text("Something came, and was refused:")
    assert post(site, "/HistoryEvent") == 200
    expect(come.locator(".verdict.good")).to_have_text("The new box AKOPKKKKK is here.")
    assert page.evaluate("window.opened")
    require_accessible(page)
    page.get_by_role("link", name="Its events").click()
    expect(page.locator(".event")).to_have_count(1)


def test_the_page_says_so_once_it_looks_no_longer(shared_site: Site, page: Page) -> None:
    page.clock.install()
    log_in(page, shared_site)
    page.goto(f"{shared_site.console}/boxes/new")
    come = page.get_by_role("status")
    expect(come).to_contain_text("Waiting for a new box")
    expect(come).not_to_contain_text("No longer looking")
    page.clock.fast_forward("30:00")
    expect(come).to_contain_text("No longer looking: load the page again.")


def test_an_address_is_copied_by_a_button(shared_site: Site, page: Page) -> None:
    log_in(page, shared_site)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{shared_site.console}/boxes/new")
    address = page.get_by_label("Address for real-time events").first
    page.get_by_role("button", name="Copy").nth(1).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == address.input_value()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/RealTimeEvent", address.input_value())


def test_boxes_fit_a_telephone_and_a_wall(shared_site: Site, page: Page) -> None:
    log_in(page, shared_site)
    assert post(shared_site, "/HistoryEvent") == 200
    report, headers = encode(payload("status-v2r4"), "json")
    urllib3.request("POST", f"{shared_site.receiver}/DeviceStatus", body=report, headers=headers, timeout=10)
    for path in ("/boxes", "/boxes/ZKZ0001", "/boxes/AKOPKKKKK", "/boxes/new"):
        page.goto(f"{shared_site.console}{path}")
        for width in (375, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            require_accessible(page)

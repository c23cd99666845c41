"""A refused body is found, corrected and admitted in a real browser."""

import json
from typing import Any

import urllib3
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.simulators.encodings import encode
from tests.browser.conftest import Site
from tests.browser.test_console import LOADED, log_in
from tests.support.payloads import payload


def post(site: Site, body: bytes, **headers: str) -> None:
    url = f"{site.receiver}/HistoryEvent"
    assert urllib3.request("POST", url, body=body, headers=headers, timeout=10).status >= 400


def nothing_serious(page: Page) -> list[Any]:
    """What axe-core finds of the page that would keep somebody from using it."""
    found = Axe().run(page).response["violations"]
    return [violation["id"] for violation in found if violation["impact"] in ("serious", "critical")]


def test_a_refused_body_is_corrected_and_admitted(page: Page, shared_site: Site) -> None:
    log_in(page, shared_site)
    document = payload("history-contract") | {"identity_name": "<script>document.title = 'taken'</script>"}
    post(shared_site, json.dumps(document).replace('"score": ', '"score": x').encode())
    page.goto(shared_site.console)
    page.get_by_role("link", name="Look why, and admit or discard them.").click()
    page.get_by_role("link", name="400 · POST /HistoryEvent").click()
    expect(page.locator("mark")).to_contain_text("Reading stopped here, at byte")
    page.get_by_role("link", name="Correct it and admit it").click()
    text = page.get_by_label("The body").first
    text.fill(text.input_value().replace('"score": x', '"score": '))
    page.get_by_role("button", name="Admit it so").click()
    expect(page.get_by_role("status")).to_have_text("1 refused body was admitted.")
    pictures = page.locator(".pictures img")
    expect(pictures).to_have_count(2)
    assert pictures.evaluate_all(LOADED)
    expect(page.get_by_text("was corrected by hand")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Refused").click()
    expect(page.get_by_role("heading", name="Refused", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="400 · POST /HistoryEvent")).to_have_count(0)


def test_a_refused_form_is_corrected_field_by_field_on_a_small_screen(page: Page, shared_site: Site) -> None:
    page.set_viewport_size({"width": 375, "height": 700})
    log_in(page, shared_site)
    body, headers = encode(payload("history-contract") | {"score": "high"}, "multipart-files")
    post(shared_site, body, **headers)
    for color_scheme in ("dark", "light"):
        page.emulate_media(color_scheme=color_scheme)
        page.goto(f"{shared_site.console}/refused")
        assert nothing_serious(page) == []
        page.get_by_role("link", name="422 · POST /HistoryEvent").click()
        expect(page.locator("mark")).to_have_text("must be a number")
        page.get_by_text("Discard", exact=True).click()
        assert nothing_serious(page) == []
        page.get_by_role("link", name="Correct it and admit it").click()
        assert nothing_serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.locator("textarea", has_text="high").fill("higher")
    page.get_by_role("button", name="Admit it so").click()
    expect(page.locator("mark")).to_have_text("must be a number")
    page.locator("textarea", has_text="higher").fill("0.5")
    page.get_by_role("button", name="Admit it so").click()
    expect(page.get_by_role("status")).to_have_text("1 refused body was admitted.")
    pictures = page.locator(".pictures img")
    expect(pictures).to_have_count(2)
    assert pictures.evaluate_all(LOADED)

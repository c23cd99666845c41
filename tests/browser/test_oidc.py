"""A login by the site's provider, in a real browser: what it lets lead to another site only it can tell."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.support.oidc_providers import CLIENT_ID, CLIENT_SECRET, HonestProvider

GRAVE = ("serious", "critical")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with HonestProvider(tmp_path) as provider:
        login = {
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }
        with Site(tmp_path, **login) as site:
            yield site


def say_who(page: Page) -> None:
    page.locator("input[name=sub]").fill("sub-admin")
    page.locator("input[name=sub]").press("Enter")


def require_access(page: Page) -> None:
    """Nothing on the page keeps people with impairments out."""
    found = Axe().run(page).response["violations"]
    assert not [one for one in found if one["impact"] in GRAVE]


def test_an_admin_links_and_comes_back_by_the_provider(page: Page, site: Site) -> None:
    others = re.compile(r"https?://(?!127\.0\.0\.1)")  # the provider's page wants a stylesheet from elsewhere
    page.route(others, lambda route: route.fulfill(body=""))
    page.goto(site.console)
    require_access(page)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Log in", exact=True).click()
    require_access(page)
    page.get_by_label("Present password").fill(site.password)
    page.get_by_role("button", name="Go there").click()
    say_who(page)
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in with 127.0.0.1").click()
    say_who(page)
    page.get_by_role("link", name="Users").click()
    expect(page.get_by_text("logs in with 127.0.0.1")).to_be_visible()
    page.get_by_label("Name").fill("anna")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Password of anna")).to_be_visible()
    require_access(page)
    page.set_viewport_size({"width": 375, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_text("linked the account with the login provider").last).to_be_visible()
    require_access(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""Live events in a real browser."""

import re
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

from playwright.sync_api import Page, expect

from app.console.live.feed import SHOWN
from app.domain.delivery import DeliveryState
from app.store import outbox
from app.store.database import Database
from app.store.settlements import Settlement
from tests.browser.conftest import Site
from tests.browser.test_console import LOADED, log_in, post

WITHIN = 2000  # milliseconds


def open_live(page: Page, site: Site, connection: str) -> None:
    """Log in, open the page and wait until it follows; from then on, a reload would be noticed."""
    log_in(page, site)
    page.get_by_role("navigation").get_by_role("link", name="Live").click()
    expect(page.get_by_role("status")).to_have_text(connection, timeout=15_000)
    page.evaluate("document.documentElement.dataset.loaded = 'once'")


def expect_no_reload(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-loaded", "once")


def deliver(site: Site) -> None:
    """Have EnOS take all that waits."""
    now = datetime.now(UTC)
    with closing(Database(site.database_url)) as database, database.write() as connection:
        claimed = outbox.claim(connection, "enos", uuid4(), now, 100)
        outbox.settle(connection, [Settlement(row, DeliveryState.DELIVERED, 1, now) for row in claimed], now)


# The site comes first, so that the page is closed before it: else the script would ask where nobody answers.


def names(page: Page) -> list[str]:
    return page.locator("#live .who").all_inner_texts()


def test_an_event_appears_without_a_reload_and_then_that_enos_has_it(site: Site, page: Page) -> None:
    open_live(page, site, "New events appear at once.")
    expect(page.get_by_text("No event has come yet.")).to_be_visible()
    for number, name in enumerate(["Ann", "Bob"]):
        post(site, number, identity_name=name)
        expect(page.locator("#live").get_by_text(name)).to_be_visible(timeout=WITHIN)
    assert names(page) == ["Bob", "Ann"]
    expect(page.get_by_text("No event has come yet.")).to_have_count(0)
    expect(page.locator(".faces").first.locator("img")).to_have_count(2)
    page.wait_for_function(f"({LOADED})([...document.querySelectorAll('.faces img')])")
    expect(page.locator("#live .state")).to_have_text(["waits for EnOS"] * 2)
    deliver(site)
    expect(page.locator("#live .state")).to_have_text(["in EnOS"] * 2, timeout=WITHIN)
    expect_no_reload(page)


def test_a_page_whose_stream_is_refused_asks_again_and_again(shared_site: Site, page: Page) -> None:
    page.route("**/live/stream*", lambda route: route.fulfill(status=503))
    open_live(page, shared_site, "New events appear within two seconds.")
    post(shared_site, 1, identity_name="Ann polls")
    card = page.locator("#live .event", has_text="Ann polls")
    expect(card).to_be_visible(timeout=2 * WITHIN)
    deliver(shared_site)
    expect(card.locator(".state")).to_have_text("in EnOS", timeout=2 * WITHIN)
    expect_no_reload(page)
    page.context.clear_cookies()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_how_long_ago_goes_on_in_the_pages_language(shared_site: Site, page: Page) -> None:
    open_live(page, shared_site, "New events appear at once.")
    post(shared_site, 1, identity_name="Ann waits")
    time = page.locator("#live .event", has_text="Ann waits").locator("time")
    expect(time).to_have_text(re.compile(r"now|[12] seconds? ago"))
    expect(time).to_have_text(re.compile(r"[3-9] seconds ago"))
    expect(time).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))
    page.get_by_role("link", name="中文").click()
    expect(time).to_have_text(re.compile(r"\d+\s?(秒|秒钟)前"))


def test_a_page_holds_the_newest_only(shared_site: Site, page: Page) -> None:
    open_live(page, shared_site, "New events appear at once.")
    for number in range(SHOWN + 2):
        post(shared_site, number, identity_name=f"Person {number:02}")
    expect(page.locator("#live .who").first).to_have_text(f"Person {SHOWN + 1}")
    assert names(page) == [f"Person {number:02}" for number in range(SHOWN + 1, 1, -1)]

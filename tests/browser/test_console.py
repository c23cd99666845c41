"""What an operator does, in a real browser."""

import urllib3
from playwright.sync_api import Page, expect

from app.simulators.encodings import encode
from tests.browser.conftest import Site
from tests.support.payloads import payload

NEW_PASSWORD = "a long password"
LOADED = "images => images.every(image => image.complete && image.naturalWidth > 0)"


def post(site: Site, number: int, **fields: object) -> None:
    body, headers = encode(
        payload("history-contract") | {"timestamp": 1_600_000_000_000 + number} | fields, "json"
    )
    reply = urllib3.request("POST", f"{site.receiver}/HistoryEvent", body=body, headers=headers, timeout=10)
    assert reply.status == 200


def log_in(page: Page, site: Site) -> None:
    """Log in as admin, by the form where it is the site's first time; ends at the overview."""
    if site.cookies:
        page.context.add_cookies(site.cookies)
        page.goto(site.console)
    else:
        log_in_first(page, site)
        site.cookies = list(page.context.cookies())
    expect(page.locator("h1.verdict")).to_be_visible()


def log_in_first(page: Page, site: Site) -> None:
    page.goto(site.console)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Old password").fill(site.password)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("h1.verdict")).to_be_visible()


def test_an_operator_logs_in_finds_an_event_and_sees_its_pictures(page: Page, site: Site) -> None:
    log_in(page, site)
    for number in range(3):
        post(site, number, identity_name=f"Person {number}")
    post(site, 3, identity_name="<script>document.title = 'taken'</script>")
    page.get_by_role("navigation").get_by_role("link", name="Events").click()
    expect(page.locator(".event")).to_have_count(4)
    expect(page.get_by_text("<script>document.title = 'taken'</script>")).to_be_visible()
    page.get_by_label("Name or id").fill("person 1")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".event")).to_have_count(1)
    page.wait_for_load_state()  # until then no script listens
    page.keyboard.press("j")
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="✓ Reviewed")).to_be_visible()
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Person 1")).to_be_visible()
    expect(page.get_by_role("button", name="✓ Reviewed")).to_be_visible()
    pictures = page.locator(".pictures img")
    expect(pictures).to_have_count(2)
    assert pictures.evaluate_all(LOADED)
    expect(page).to_have_title("Person 1 · SE3")


def test_the_api_is_shown_and_tried(page: Page, shared_site: Site) -> None:
    log_in(page, shared_site)
    post(shared_site, 1)
    page.goto(f"{shared_site.console}/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(17)
    page.locator(".opblock", has_text="Find events, newest first").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status", has_text="200")).to_be_visible()
    expect(page.locator(".live-responses-table")).to_contain_text('"identity_id"')


def test_the_language_is_switched_and_stays(page: Page, shared_site: Site) -> None:
    page.goto(shared_site.console)
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_mark_made_with_the_keyboard_leaves_the_focus_where_it_can_be_taken_away(
    page: Page, shared_site: Site
) -> None:
    log_in(page, shared_site)
    post(shared_site, 1, identity_name="Person to mark")
    page.goto(f"{shared_site.console}/events")
    page.wait_for_load_state()  # until then no script listens
    event = page.locator(".event", has_text="Person to mark")
    event.get_by_role("button", name="Mark as reviewed").focus()
    page.keyboard.press("Enter")
    expect(event.get_by_role("button", name="✓ Reviewed")).to_be_focused()


def test_the_overview_is_looked_at_anew_each_minute(page: Page, site: Site) -> None:
    page.clock.install()
    log_in(page, site)
    none = page.get_by_text("No event has come yet.")
    expect(none).to_be_visible()
    page.get_by_role("link", name="Point a box here.").focus()
    page.clock.fast_forward(61_000)
    expect(page.get_by_role("link", name="Point a box here.")).to_be_focused()
    post(site, 1)
    expect(none).to_be_visible()
    page.clock.fast_forward(61_000)
    expect(none).to_be_hidden()

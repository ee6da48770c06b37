"""Attacks that only a real browser can carry out, or be the victim of."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from tests.browser.visit import Visit

EVIL = "http://evil.example"
SCRIPTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg onload=alert(1)>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
]


@pytest.mark.parametrize("payload", SCRIPTS)
def test_what_was_typed_never_runs(visit: Callable[..., Visit], payload: str) -> None:
    """A note and a search that hold markup are shown as text on every page that shows them, in place and anew."""
    window = visit()
    page = window.page
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    window.watch("000007")
    window.open("/center.html")
    page.locator(".edit a").click()
    page.get_by_role("textbox").fill(payload)
    page.locator(".editor .solid").click()
    expect(page.locator("#s000007 .note")).to_have_text(payload)
    for path in ("/center.html", "/stock/000007.html", "/update/000007.html", f"/index.html?q={quote(payload)}"):
        window.open(path)
    window.open("/stock/000007.html")
    expect(page.locator(".mine .text")).to_have_text(payload)
    assert ran == []


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/add/000094.html", {}),
        ("/del/000007.html", {}),
        ("/update/000007.html", {"note": "forged"}),
        ("/update/000007/forged.html", {}),
        ("/move/000007.html", {"place": "1"}),
        ("/settings.html", {"language": "zh"}),
    ],
)
def test_a_form_on_another_site(browser: Browser, site_url: str, path: str, fields: dict[str, str]) -> None:
    """A page elsewhere that sends a form in the visitor's name is refused, and nothing changes."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{site_url}/stock/000007.html")
    page.get_by_role("button", name="Watch").click()
    expect(page.locator(".flash")).not_to_be_empty()
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    form = f'<form method="post" action="{site_url}{path}">{inputs}<button>Win a prize</button></form>'
    page.route(f"{EVIL}/**", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto(f"{EVIL}/")
    with page.expect_response(f"{site_url}{path}") as answer:
        page.get_by_role("button").click()
    assert answer.value.status == 403
    page.goto(f"{site_url}/center.html")
    expect(page.locator(".watched tbody tr")).to_have_count(1)
    expect(page.locator("#s000007 .note")).to_have_text("No note yet")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    context.close()


def test_no_frame_elsewhere(browser: Browser, site_url: str) -> None:
    """No other site can show ours in a frame and have its buttons pressed."""
    context = browser.new_context()
    page = context.new_page()
    page.route(
        f"{EVIL}/**", lambda route: route.fulfill(body=f'<iframe src="{site_url}/"></iframe>', content_type="text/html")
    )
    page.goto(f"{EVIL}/")
    assert page.frames[1].locator("tbody tr").count() == 0
    context.close()

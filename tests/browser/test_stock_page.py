"""The page of one stock: its chart, and what stands there without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.visit import Visit

PATH = "/stock/000190.html"
# How much of the drawing is not its ground.
INK = """() => [...document.querySelectorAll(".chart canvas")].map(canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let at = 3; at < data.length; at += 4) ink += data[at] > 0;
  return ink;
}).reduce((sum, ink) => sum + ink, 0)"""


@pytest.mark.parametrize(("width", "colors"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
def test_chart(visit: Callable[..., Visit], width: int, colors: str) -> None:
    """The chart draws, changes kind and range by keyboard, and tells the day under the pointer."""
    window = visit(width, colors=colors)
    page = window.page
    window.expected.append("willReadFrequently")  # advice to this test, which reads the drawing back
    window.open(PATH)
    expect(page.locator(".chart canvas").first).to_be_visible()
    expect(page.locator(".chart .legend")).to_contain_text("2026-10-30")
    page.wait_for_function(f"({INK})() > 1000")
    candles = page.evaluate(INK)
    window.shoot("candles")
    line = page.get_by_role("button", name="Line")
    line.focus()
    page.keyboard.press("Enter")
    expect(line).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Candles")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="1 year").click()
    page.wait_for_function(f"({INK})() !== {candles}")
    box = page.locator(".chart .ground").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    expect(page.locator(".chart .legend")).not_to_contain_text("2026-10-30")
    window.look_over()
    window.shoot("line")


def test_empty_chart(visit: Callable[..., Visit]) -> None:
    """A stock without daily prices says so in the chart's place."""
    window = visit()
    empty = '{"day":[],"open":[],"high":[],"low":[],"close":[],"volume":[]}'
    window.page.route("**/bars/*", lambda route: route.fulfill(body=empty, content_type="application/json"))
    window.open(PATH)
    expect(window.page.locator(".ground")).to_have_text("There are no daily prices of this stock yet.")


def test_broken_chart(visit: Callable[..., Visit]) -> None:
    """When the prices do not come the page says so, and the table stays open."""
    window = visit()
    window.expected.append("status of 503")
    window.page.route("**/bars/*", lambda route: route.fulfill(status=503, body="away"))
    window.open(PATH)
    expect(window.page.locator(".ground")).to_have_text("no answer; check the connection and try again")
    expect(window.page.locator(".days tbody tr").first).to_be_visible()
    window.shoot("failed")


def test_without_scripts(visit: Callable[..., Visit]) -> None:
    """Without a script the last days stand in a table, and no chart promises to load."""
    window = visit(scripts=False)
    window.page.goto(PATH)
    expect(window.page.locator(".days tbody tr")).to_have_count(30)
    expect(window.page.locator(".days tbody tr").first).to_be_visible()
    expect(window.page.locator(".chart")).to_be_hidden()
    window.page.get_by_role("button", name="Watch").click()
    expect(window.page).to_have_url(f"{window.url}{PATH}")
    expect(window.page.get_by_role("button", name="Unwatch")).to_be_visible()
    window.shoot("plain")


def test_note(visit: Callable[..., Visit]) -> None:
    """The note shows once the stock is watched, as text."""
    window = visit()
    page = window.page
    window.watch("000190")
    expect(page.locator(".mine .text")).to_have_text("No note yet")
    page.get_by_role("link", name="Edit note").click()
    page.get_by_role("textbox").fill("<b>bold</b>")
    page.locator("main").get_by_role("button").click()
    window.open(PATH)
    expect(page.locator(".mine .text")).to_have_text("<b>bold</b>")

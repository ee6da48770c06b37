"""Every page, in each of its states, before axe-core: the rules of WCAG 2.2 A and AA that a machine can check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.visit import Visit

AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, { runOnly: tags });
  return found.violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(" | ")}`);
}"""
WINDOWS = pytest.mark.parametrize(
    ("width", "locale", "colors"),
    [(1440, "en-GB", "light"), (1440, "zh-CN", "dark"), (390, "zh-CN", "light"), (390, "en-GB", "dark")],
)


def violations(window: Visit) -> list[str]:
    """Return what axe-core finds on the page that is shown."""
    # Evaluated, not loaded by the page, whose policy would rightly refuse it.
    window.page.evaluate(AXE)
    found: list[str] = window.page.evaluate(RUN)
    return found


@WINDOWS
@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/index.html?q=y&sort=-change&move=up",
        "/index.html?q=zzzz",
        "/stock/000007.html",
        "/center.html",
        "/update/000007.html",
    ],
)
def test_pages(visit: Callable[..., Visit], path: str, width: int, locale: str, colors: str) -> None:
    """No page breaks a rule, in two widths, two languages and two themes."""
    window = visit(width, locale, colors)
    window.watch("000007", "000094")
    window.open(path)
    if path.startswith("/stock"):
        expect(window.page.locator(".chart canvas").first).to_be_visible()
        window.page.locator("summary").click()
    assert violations(window) == []


@WINDOWS
def test_states(visit: Callable[..., Visit], width: int, locale: str, colors: str) -> None:
    """Nor does an empty list, an error page, a note that is edited in its place, or one that was refused."""
    window = visit(width, locale, colors)
    window.open("/center.html")
    assert violations(window) == []
    window.open("/stock/999999.html", status=404)
    assert violations(window) == []
    window.watch("000007")
    window.open("/center.html")
    window.page.locator(".edit a").click()
    window.page.get_by_role("textbox").fill("x" * 201)
    window.expected.append("status of 422")
    window.page.locator(".editor .solid").click()
    expect(window.page.get_by_role("alert")).to_be_visible()
    assert violations(window) == []
    window.shoot("refused-in-place")


@pytest.mark.parametrize("path", ["/index.html", "/stock/000190.html", "/center.html", "/update/000190.html"])
def test_reflow(visit: Callable[..., Visit], path: str) -> None:
    """At 320 pixels, which is 1280 at 400 %, nothing scrolls sideways (WCAG 2.2, 1.4.10)."""
    window = visit(320)
    window.watch("000190")
    window.open("/update/000190.html")
    window.page.get_by_role("textbox").fill("W" * 200)
    window.page.locator("main").get_by_role("button").click()
    window.open(path)  # looks the page over
    window.shoot(path.split("/")[1].removesuffix(".html"))

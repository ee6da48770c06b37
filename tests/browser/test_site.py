from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import violations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.visit import Visit

NASTY = '<script>alert("x")</script> \\1 & / ? # % 中文 \'; DROP TABLE watches'
WINDOWS = pytest.mark.parametrize(
    ("width", "locale", "colors"),
    [(1440, "en-GB", "light"), (1440, "zh-CN", "dark"), (390, "zh-CN", "light"), (390, "en-GB", "dark")],
)


@WINDOWS
def test_watch_note_unwatch(visit: Callable[..., Visit], width: int, locale: str, colors: str) -> None:
    """A visitor finds a stock, watches it, keeps a note on it, and lets it go again."""
    window = visit(width, locale, colors)
    page, chinese = window.page, locale.startswith("zh")
    window.open("/")
    assert page.locator("tbody tr").count() > 100
    window.shoot("1-list")

    page.locator("#s000190").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("status")).to_have_text("关注成功" if chinese else "now watched")
    expect(page.locator("#s000190").get_by_role("button")).to_be_focused()
    window.shoot("2-watched")

    window.open("/stock/000190.html")
    expect(page.locator(".chart canvas").first).to_be_visible()
    window.shoot("3-stock")
    page.locator("a[href='/update/000190.html']").click()
    page.get_by_role("textbox").fill(NASTY)
    window.look_over()
    window.shoot("4-form")
    page.locator("main").get_by_role("button").click()
    expect(page.locator("#s000190 .note")).to_have_text(NASTY)
    window.look_over()
    window.shoot("5-center")

    page.locator("#s000190 .remove button").click()
    expect(page.locator(".empty")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("取消关注成功" if chinese else "no longer watched")
    window.shoot("6-empty")


@WINDOWS
def test_refused_note(visit: Callable[..., Visit], width: int, locale: str, colors: str) -> None:
    """A note that is too long is counted while typed, refused, and given back whole."""
    window = visit(width, locale, colors)
    page = window.page
    window.watch("000007")
    window.open("/update/000007.html")
    note = "长" * 190 + "\n" + "🐟" * 10
    page.get_by_role("textbox").fill(note)
    expect(page.locator("output")).to_have_text("201 / 200")
    window.expected.append("status of 422")
    page.locator("main").get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("200")
    expect(page.get_by_role("textbox")).to_have_value(note)
    window.look_over()
    window.shoot("refused")


@pytest.mark.parametrize(
    ("width", "locale", "colors", "scripts"), [(1440, "en-GB", "light", True), (390, "zh-CN", "dark", False)]
)
def test_a_note_while_the_database_is_away(
    visit: Callable[..., Visit], site_directory: Path, width: int, locale: str, colors: str, *, scripts: bool
) -> None:
    """A note that cannot be saved comes back in its form, whole, and is saved from there a moment later."""
    window = visit(width, locale, colors, scripts=scripts)
    page, note = window.page, "<b>typed while it was away</b>\n第二行"
    page.goto("/stock/000007.html")
    page.locator("button.when-unmarked").click()
    expect(page.locator(".flash")).not_to_be_empty()
    page.goto("/update/000007.html")
    page.get_by_role("textbox").fill(note)
    window.expected.append("status of 503")
    with closing(sqlite3.connect(site_directory / "minnow.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")  # nobody else may write
        page.locator("main").get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("没有丢失" if locale == "zh-CN" else "nothing is lost")
        other.execute("ROLLBACK")
    expect(page.get_by_role("textbox")).to_have_value(note)
    if scripts:
        window.look_over()
        assert violations(window) == []
    window.shoot("away")
    page.locator("main").get_by_role("button").click()
    expect(page.locator("#s000007 .text")).to_have_text(note, use_inner_text=True)


@WINDOWS
def test_error_pages(visit: Callable[..., Visit], width: int, locale: str, colors: str) -> None:
    """An unknown stock and an unknown page are told in the reader's language, with a way out."""
    window = visit(width, locale, colors)
    words = ("没有这支股票", "没有这个页面") if locale.startswith("zh") else ("no such stock", "there is no such page")
    for path, message in zip(("/stock/999999.html", "/nothing"), words, strict=True):
        window.open(path, status=404)
        expect(window.page.get_by_role("heading", level=1)).to_have_text(message)
    window.shoot("404")
    window.page.locator("main a").first.click()
    expect(window.page.locator("tbody tr").first).to_be_visible()


def test_without_scripts(visit: Callable[..., Visit]) -> None:
    """Everything works without JavaScript."""
    page = visit(scripts=False).page
    page.goto("/index.html")
    page.locator("#s000007").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"/index\.html#s000007$"))
    expect(page.get_by_role("status")).to_have_text("now watched")
    expect(page.locator("#s000007").get_by_role("button")).to_have_text("Unwatch")
    page.goto("/update/000007.html")
    page.get_by_role("textbox").fill("kept without a script")
    page.locator("main").get_by_role("button").click()
    expect(page.locator("#s000007 .note")).to_have_text("kept without a script")


def test_keyboard(visit: Callable[..., Visit]) -> None:
    """The first Tab reaches the link that skips the header, and what has the focus shows it."""
    window = visit()
    window.open("/index.html")
    window.page.keyboard.press("Tab")
    skip = window.page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    window.page.keyboard.press("Enter")
    window.page.keyboard.press("Tab")
    expect(window.page.locator(".tally a").first).to_be_focused()
    assert window.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_two_visitors(visit: Callable[..., Visit]) -> None:
    """Two browsers keep two watch lists."""
    one, other = visit(), visit()
    one.watch("000007")
    other.open("/center.html")
    expect(other.page.locator(".empty")).to_be_visible()


def test_header_stays(visit: Callable[..., Visit]) -> None:
    """The columns' names stay in view while the list scrolls."""
    window = visit()
    window.open("/index.html")
    window.page.mouse.wheel(0, 2000)
    expect(window.page.locator("thead th").first).to_be_in_viewport()
    expect(window.page.locator(".site")).to_be_in_viewport()
    window.shoot("scrolled")


CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest("svg")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...poor];
}"""


@WINDOWS
def test_contrast(visit: Callable[..., Visit], width: int, locale: str, colors: str) -> None:
    """Every text stands out from its ground by 4.5 to 1 at least (WCAG 2.2, 1.4.3)."""
    window = visit(width, locale, colors)
    window.watch("000007")
    for path in ("/index.html", "/center.html", "/stock/000007.html", "/update/000007.html"):
        window.open(path)
        assert window.page.evaluate(CONTRAST) == []

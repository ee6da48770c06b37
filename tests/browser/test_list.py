"""The list, as a visitor uses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.visit import Visit

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


@SCRIPTS
@pytest.mark.parametrize("width", [1440, 390])
def test_search_and_sort(visit: Callable[..., Visit], width: int, *, scripts: bool) -> None:
    """Initials find a stock, a column or the field beside the search sorts, and the address says it all."""
    window = visit(width, scripts=scripts)
    page = window.page
    window.open("/index.html")
    page.get_by_role("searchbox").fill("wlch")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody .name")).to_have_text("万里长河与小鱼的故事")
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("link", name=re.compile(r"^\d+ up$")).click()
    if width > 800:
        page.get_by_role("link", name="Change", exact=True).click()
    else:
        page.get_by_label("Sort by").select_option("-change")
        page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"/index\.html\?(q=&)?sort=-change&move=up$"))
    figures = page.locator("tbody .change").all_text_contents()
    values = [float(figure.strip("+%")) for figure in figures]
    assert values == sorted(values, reverse=True)
    assert min(values) > 0
    window.look_over()
    window.shoot("gainers" if scripts else "gainers-plain")


@SCRIPTS
def test_watch_and_come_back(visit: Callable[..., Visit], *, scripts: bool) -> None:
    """A mark stays with the stock through searches and pages, and on the list that was asked for."""
    window = visit(scripts=scripts)
    page = window.page
    window.open("/index.html?sort=-price")
    row = page.locator("tbody tr").nth(2)
    name = row.locator(".name").text_content()
    row.get_by_role("button", name=f"Watch {name}").click()
    expect(page).to_have_url(re.compile(r"/index\.html\?sort=-price" + ("$" if scripts else "#s")))
    for address in ("/index.html", "/index.html?sort=-price"):
        window.open(address)
        buttons = page.get_by_role("button", name="Unwatch")
        expect(buttons).to_have_count(1)
        expect(buttons).to_have_accessible_name(f"Unwatch {name}")
    page.get_by_role("button", name="Unwatch").click()
    expect(page.get_by_role("button", name="Unwatch")).to_have_count(0)


def test_double_click(visit: Callable[..., Visit]) -> None:
    """Two clicks in a row watch once."""
    window = visit()
    window.open("/index.html")
    window.page.locator("#s000007").get_by_role("button", name="Watch 月钩食品").dblclick()
    expect(window.page.get_by_role("status")).not_to_be_empty()
    window.open("/center.html")
    assert window.page.locator("tbody tr").count() <= 1


def test_no_answer(visit: Callable[..., Visit]) -> None:
    """When the network is away the button says so and stays what it was."""
    window = visit()
    window.open("/index.html")
    window.expected.append("ERR_")
    window.page.route("**/add/*", lambda route: route.abort())
    window.page.locator("#s000007").get_by_role("button").click()
    expect(window.page.get_by_role("status")).to_have_text("no answer; check the connection and try again")
    expect(window.page.locator("#s000007").get_by_role("button")).to_have_text("Watch")


def test_back_shows_what_was_done_elsewhere(visit: Callable[..., Visit]) -> None:
    """A page that the browser kept shows a stock as unwatched that was removed meanwhile."""
    window = visit()
    page = window.page
    window.open("/index.html")
    page.locator("#s000007").get_by_role("button").click()
    expect(page.locator("#s000007").get_by_role("button")).to_have_text("Unwatch")
    window.open("/center.html")
    page.locator("#s000007 .remove button").click()
    expect(page.locator(".empty")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page).to_have_url(re.compile("/index.html"))
    expect(page.locator("#s000007").get_by_role("button")).to_have_text("Watch")


@SCRIPTS
def test_switches(visit: Callable[..., Visit], *, scripts: bool) -> None:
    """Language, the colour of rising prices and the theme are switched from any page, and stay."""
    window = visit(scripts=scripts)
    page = window.page
    window.open("/index.html?sort=-change")
    rising = page.locator("tbody .change.up").first
    green = rising.evaluate("e => getComputedStyle(e).color") if scripts else ""
    page.get_by_role("button", name="Rising in red").click()
    expect(page).to_have_url(re.compile(r"\?sort=-change$"))
    expect(page.get_by_role("button", name="Rising in red")).to_be_hidden()
    page.get_by_role("button", name="Dark", exact=True).click()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("全部股票")
    expect(page.get_by_role("button", name="绿涨红跌")).to_be_visible()
    if scripts:
        assert rising.evaluate("e => getComputedStyle(e).color") != green
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(232, 235, 236)"
    window.open("/stock/000007.html")
    window.shoot("dark-red" if scripts else "dark-red-plain")
    page.get_by_role("button", name="跟随系统").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Light or dark as the system")).to_be_hidden()

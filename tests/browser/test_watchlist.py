"""The watch list: notes in their place, order, the file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.visit import Visit

CODES = ("000007", "000094", "000096")


def order(page: Page) -> list[str | None]:
    """Return the ids of the rows as they stand."""
    return [row.get_attribute("id") for row in page.locator(".watched tbody tr").all()]


@pytest.mark.parametrize("width", [1440, 390])
def test_note_in_place(visit: Callable[..., Visit], width: int) -> None:
    """A note is edited where it stands, by keyboard; too long a one is refused there and nothing typed is lost."""
    window = visit(width)
    page = window.page
    window.watch(*CODES)
    window.open("/center.html")
    link = page.get_by_role("link", name="Edit note: 荇菜药业")
    link.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Note")
    expect(box).to_be_focused()
    window.expected.append("status of 422")
    box.fill("x" * 201)
    expect(page.locator(".counter")).to_have_text("201 / 200")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("at most 200 characters")
    expect(box).to_have_value("x" * 201)
    window.look_over()
    window.shoot("refused")
    box.fill("<i>kept</i> 中文")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".flash")).to_have_text("note saved")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type(" and this not")
    page.keyboard.press("Escape")
    expect(page.locator("#s000094 .note")).to_have_text("<i>kept</i> 中文")
    window.open("/center.html")
    expect(page.locator("#s000094 .note")).to_have_text("<i>kept</i> 中文")
    window.shoot("list")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_reorder(visit: Callable[..., Visit], *, scripts: bool) -> None:
    """A stock moves up and down by buttons, and stays there."""
    window = visit(scripts=scripts)
    page = window.page
    window.watch(*CODES)
    window.open("/center.html")
    down = page.get_by_role("button", name="Move 月钩食品 down")
    down.click()
    expect(page.locator(".watched tbody tr").first).to_have_id("s000094")
    down.click()
    expect(page.locator(".watched tbody tr").last).to_have_id("s000007")
    page.get_by_role("button", name="Move 苇塘仪表 up").click()
    expected = ["s000096", "s000094", "s000007"]
    expect(page.locator(".watched tbody tr").first).to_have_id("s000096")
    assert order(page) == expected
    window.open("/center.html")
    assert order(page) == expected


def test_export(visit: Callable[..., Visit]) -> None:
    """The link saves the list as a file."""
    window = visit()
    window.watch(*CODES)
    window.open("/center.html")
    with window.page.expect_download() as download:
        window.page.get_by_role("link", name="Save as CSV").click()
    assert download.value.suggested_filename == "watch-list.csv"
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["Code", *CODES]


def test_two_browsers_at_once(visit: Callable[..., Visit]) -> None:
    """Two visitors who work at the same time see each his own list, marks and colours."""
    one, other = visit(), visit(390, "zh-CN", "dark")
    one.watch("000007")
    other.watch("000094")
    one.open("/center.html")
    other.open("/center.html")
    one.page.locator(".edit a").click()
    other.page.locator(".edit a").click()
    one.page.get_by_role("textbox").fill("one's own")
    other.page.get_by_role("textbox").fill("another's")
    one.page.locator(".editor .solid").click()
    other.page.locator(".editor .solid").click()
    expect(one.page.locator(".flash")).to_have_text("note saved")
    expect(other.page.locator(".flash")).to_have_text("修改成功")
    for window, code, note in ((one, "000007", "one's own"), (other, "000094", "another's")):
        window.open("/center.html")
        expect(window.page.locator(".watched tbody tr")).to_have_count(1)
        expect(window.page.locator(f"#s{code} .note")).to_have_text(note)
        window.open("/index.html")
        expect(window.page.locator("button.when-marked:visible")).to_have_count(1)
        expect(window.page.locator(f"#s{code} button.when-marked")).to_be_visible()

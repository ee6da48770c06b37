from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.app.site import BROWSER, CHINESE, CURL, JSON, NASTY_NOTES

if TYPE_CHECKING:
    from tests.app.site import Site

PAGES = ["/", "/index.html", "/stock/000007.html", "/center.html", "/update/000007.html"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_pages_answer(site: Site, path: str, method: str) -> None:
    """Each page answers 200 as HTML, with the security fields."""
    response = site.visitor("000007").request(method, path, headers=BROWSER)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert bool(response.body) == (method == "GET")


@pytest.mark.parametrize("path", PAGES)
def test_no_inline_code(site: Site, path: str) -> None:
    """The pages hold no inline script, style or handler, which the policy would block."""
    text = site.visitor("000007").get(path).text
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", text)


@pytest.mark.parametrize("path", PAGES)
def test_get_changes_nothing(site: Site, path: str) -> None:
    """GET makes no visitor and writes no row."""
    client = site.app.test_client()
    response = client.get(path, headers=BROWSER)
    assert response.status in {200, 409}
    assert not client.cookies
    assert site.watch_count() == 0


def test_no_get_handler_asks_to_write(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every route that takes GET reads alone; what it might still try, its connection refuses (test_database)."""
    client = site.visitor("000007")

    def refuse(_work: object) -> None:
        raise AssertionError("a GET wrote")

    monkeypatch.setattr(site.database, "write", refuse)
    routes = [
        route for route in site.app.router.routes if "GET" in route.methods and route.name not in {"static", "live"}
    ]
    paths = [site.app.url_for(route.name, **({"code": "000007"} if "code" in str(route) else {})) for route in routes]
    assert len(paths) > 8
    for path in paths:
        assert client.get(path, headers=BROWSER).status == 200


def test_list_has_every_stock(site: Site) -> None:
    """The list shows more than 100 rows, the course's columns, and says that the data are a sample."""
    page = site.app.test_client().get("/index.html").text
    assert len(re.findall(r'<tr role="row" id="s\d{6}">', page)) > 100
    assert _headings(page) == [
        *("No.", "Code", "Name", "Trend", "Change", "Turnover", "Price (CNY)", "Previous high", "High date", "Watch")
    ]
    assert "Sample data" in page


def test_list_in_chinese(site: Site) -> None:
    """The list speaks Chinese to those who prefer it."""
    response = site.app.test_client().get("/index.html", headers=CHINESE)
    assert response.headers["Content-Language"] == "zh"
    assert "Accept-Language" in response.headers["Vary"]
    assert _headings(response.text) == [
        *(
            "序号",
            "股票代码",
            "股票简称",
            "走势",
            "涨跌幅",
            "换手率",
            "最新价(元)",
            "前期高点",
            "前期高点日期",
            "添加自选",
        )
    ]
    assert "示例数据" in response.text


def _headings(page: str) -> list[str]:
    head = page.partition("<tbody")[0]
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<th .*?</th>", head, re.DOTALL)]


def test_signs_and_colours(site: Site) -> None:
    """A change shows its direction by sign and by class."""
    page = site.app.test_client().get("/index.html").text
    assert '<span class="change up">+5.62%</span>' in page
    assert '<span class="change down">\N{MINUS SIGN}0.36%</span>' in page
    assert '<span class="change flat">0.00%</span>' in page


def test_center_is_empty_at_first(site: Site) -> None:
    """A visitor without stocks is told so, and where to find some."""
    page = site.app.test_client().get("/center.html").text
    assert "You watch no stocks yet." in page


def test_visitors_do_not_see_each_other(site: Site) -> None:
    """A watch list and its notes are the visitor's own."""
    one, other = site.visitor("000007"), site.visitor("000094")
    one.post("/update/000007.html", form={"note": "mine alone"})
    assert "mine alone" in one.get("/center.html").text
    assert one.get("/mine/000007.json").json == {"note": "mine alone"}
    assert other.get("/mine/000007.json").json == {"note": None}
    for path in ("/center.html", "/stock/000007.html", "/index.html", "/marks.css"):
        assert "mine alone" not in other.get(path).text
    assert 'id="s000007"' not in other.get("/center.html").text


@pytest.mark.parametrize("note", NASTY_NOTES)
@pytest.mark.parametrize("path", ["/center.html", "/update/000007.html"])
def test_notes_are_escaped(site: Site, note: str, path: str) -> None:
    """A note stands on every page as the text that it is."""
    client = site.visitor("000007")
    client.post("/update/000007.html", form={"note": note})
    page = client.get(path).text
    assert "<script>alert" not in page
    assert note in unescape(page)


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/stock/999999.html", 404, "unknown_stock"),
        ("GET", "/stock/7.html", 404, "not_found"),
        ("GET", "/stock/000007xhtml", 404, "not_found"),
        ("GET", "/stock/0000070.html", 404, "not_found"),
        ("GET", "/../etc/passwd", 404, "not_found"),
        ("GET", "/update/999999.html", 404, "unknown_stock"),
        ("GET", "/update/000007.html", 409, "not_watched"),
        ("GET", "/add/000007.html", 405, "method_not_allowed"),
        ("GET", "/del/000007.html", 405, "method_not_allowed"),
        ("GET", "/update/000007/x.html", 405, "method_not_allowed"),
        ("POST", "/index.html", 405, "method_not_allowed"),
        ("GET", "/stock/%ff.html", 400, "bad_request"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/index.html?sort=nothing", 404, "not_found"),
        ("GET", "/index.html?sort=--change", 404, "not_found"),
        ("GET", "/index.html?move=sideways", 404, "not_found"),
        ("GET", "/index.html?page=9", 404, "not_found"),
        ("GET", "/index.html?page=0", 400, "bad_request"),
        ("GET", "/index.html?page=x", 400, "bad_request"),
        ("GET", "/index.html?page=99999999999999999999", 400, "bad_request"),
        ("GET", "/bars/999999.json", 404, "unknown_stock"),
        ("GET", "/mine/999999.json", 404, "unknown_stock"),
    ],
)
def test_refusals(site: Site, method: str, path: str, status: int, reason: str) -> None:
    """A refusal has its status and reason, as JSON, as a line of text and as a page."""
    client = site.app.test_client()
    answer = client.request(method, path, headers=JSON)
    assert (answer.status, answer.json["error"], answer.json["status"]) == (status, reason, status)
    line = client.request(method, path, headers=CURL)
    assert (line.status, line.text) == (status, answer.json["message"] + "\n")
    page = client.request(method, path, headers=BROWSER)
    assert page.status == status
    assert page.text.startswith("<!doctype html>")
    assert answer.json["message"] in unescape(page.text)
    assert ("Allow" in page.headers) == (status == 405)


def test_bare_path_leads_to_the_public_one(site: Site) -> None:
    """A path without its suffix redirects to the one with it."""
    assert site.app.test_client().get("/index", follow=True).status == 200


def test_a_fault_of_ours(site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception is logged, answered by 500, and tells nothing internal."""

    def fail(_work: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(site.database, "read", fail)
    response = site.app.test_client().get("/index.html", headers=BROWSER)
    assert response.status == 500
    assert "secret detail" not in response.text
    assert "secret detail" in caplog.text

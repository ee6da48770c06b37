"""Pages that are the same for all, and what is a visitor's own beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import quotes
from tests.app.site import BROWSER, CHINESE, NASTY_NOTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.app.site import Site

PUBLIC = ["/", "/index.html", "/index.html?q=1&sort=-change", "/stock/000007.html", "/bars/000007.json"]
OWN = ["/center.html", "/marks.css", "/mine/000007.json", "/update/000007.html"]
DARK = "color-scheme:dark"


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_are_the_same_for_all(site: Site, path: str) -> None:
    """What one visitor watches, noted or chose changes no byte of a page that another one may be handed."""
    one = site.visitor("000007")
    one.post("/update/000007.html", form={"note": "mine alone"})
    one.cookies.update({"rise": "red", "theme": "dark"})
    answers = [client.get(path, headers=BROWSER) for client in (one, site.app.test_client())]
    assert answers[0].body == answers[1].body
    for answer in answers:
        assert answer.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=")
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", OWN)
def test_own_pages_are_private(site: Site, path: str) -> None:
    """What is a visitor's own no shared cache may keep."""
    answer = site.visitor("000007").get(path, headers=BROWSER)
    assert answer.status == 200
    assert answer.headers["Cache-Control"].startswith("private")
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize("path", ["/stock/999999.html", "/index.html?page=99", "/bars/999999.json", "/nothing"])
def test_errors_are_private(site: Site, path: str) -> None:
    """No shared cache keeps a refusal: it depends on who asks, and how."""
    assert site.app.test_client().get(path, headers=BROWSER).headers["Cache-Control"].startswith("private")


@pytest.mark.parametrize("path", PUBLIC)
def test_unchanged_until_a_quote_changes(site: Site, path: str) -> None:
    """A page that the caller holds is confirmed by 304, until the quotes get another version."""
    client = site.app.test_client()
    fields = {**BROWSER, "If-None-Match": client.get(path, headers=BROWSER).headers["ETag"]}
    answer = client.get(path, headers=fields)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["Cache-Control"].startswith("public")
    assert client.get(path, headers={**fields, **CHINESE}).status == 200
    site.database.write(quotes.advance)
    assert client.get(path, headers=fields).status == 200


@pytest.mark.parametrize("path", ["/index.html", "/stock/000007.html"])
def test_a_notice_is_private_and_shown_once(site: Site, path: str) -> None:
    """The page that tells what was done is the visitor's own; the next one is everybody's again."""
    client = site.visitor()
    client.post("/add/000007.html", form={"back": path}, headers=BROWSER)
    tag = site.app.test_client().get(path, headers=BROWSER).headers["ETag"]
    told = client.get(path, headers={**BROWSER, "If-None-Match": tag})
    assert (told.status, "now watched" in told.text) == (200, True)
    assert told.headers["Cache-Control"].startswith("private")
    after = client.get(path, headers=BROWSER)
    assert "now watched" not in after.text
    assert after.headers["Cache-Control"].startswith("public")


@pytest.mark.parametrize("notice", ["", "<script>", "site", "no such key", "a" * 3000])
def test_a_made_up_notice_says_nothing(site: Site, notice: str) -> None:
    """The notice is one of few: a made-up cookie neither fails nor puts words into the page's mouth."""
    client = site.app.test_client()
    client.cookies["notice"] = notice
    answer = client.get("/index.html", headers=BROWSER)
    assert answer.status == 200
    assert "></p>\n</body>" in answer.text


def test_marks(site: Site) -> None:
    """The visitor's style sheet marks what is watched, and nobody else's does."""
    one, other = site.visitor("000007", "000094"), site.visitor("000096")
    assert "#s000007,#s000094{--marked:inline-block;--unmarked:none}" in one.get("/marks.css").text
    assert "#s000007" not in other.get("/marks.css").text
    empty = site.app.test_client().get("/marks.css")
    assert (empty.status, empty.text.strip()) == (200, "")
    assert empty.headers["Content-Type"] == "text/css; charset=utf-8"
    one.post("/del/000007.html")
    assert "#s000007" not in one.get("/marks.css").text


@pytest.mark.parametrize("note", NASTY_NOTES)
def test_the_note_on_a_stock(site: Site, note: str) -> None:
    """The stock's page asks for the note apart, and gets it as it was typed."""
    client = site.visitor("000007")
    client.post("/update/000007.html", form={"note": note})
    assert client.get("/mine/000007.json").json == {"note": note}


@pytest.mark.parametrize(
    ("form", "sheet"),
    [
        ({"rise": "red"}, ":root{--up:var(--red);--down:var(--green)}"),
        ({"rise": "green"}, ":root{--up:var(--green);--down:var(--red)}"),
        ({"theme": "dark"}, DARK),
        ({"theme": "light"}, "color-scheme:light"),
    ],
)
def test_colours_are_kept(site: Site, form: Mapping[str, str], sheet: str) -> None:
    """A choice of colours is kept in a cookie, comes with the visitor's style sheet, and leads back to the page."""
    client = site.app.test_client()
    answer = client.post("/settings.html", form={**form, "back": "/stock/000007.html"}, headers=BROWSER)
    assert (answer.status, answer.headers["Location"]) == (303, "/stock/000007.html")
    assert {"HttpOnly", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert sheet in client.get("/marks.css").text


def test_a_choice_is_taken_back(site: Site) -> None:
    """Any other value takes a choice back; a made-up cookie counts for nothing."""
    client = site.app.test_client()
    client.post("/settings.html", form={"theme": "dark"})
    client.post("/settings.html", form={"theme": "auto"})
    assert not client.cookies
    client.cookies.update({"theme": "}body{display:none", "rise": "blue", "language": "../x"})
    assert client.get("/marks.css").text.strip() == ""
    assert client.get("/index.html").headers["Content-Language"] == "en"


def test_language_is_kept(site: Site) -> None:
    """The chosen language goes before what the browser prefers, on pages and in refusals."""
    client = site.app.test_client()
    client.post("/settings.html", form={"language": "zh"})
    assert "全部股票" in client.get("/index.html").text
    assert "没有这支股票" in client.get("/stock/999999.html").text
    client.post("/settings.html", form={"language": "en"})
    assert client.get("/index.html", headers=CHINESE).headers["Content-Language"] == "en"


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_settings_do_not_lead_away(site: Site, back: str) -> None:
    """No address in the form leads to another site."""
    answer = site.app.test_client().post("/settings.html", form={"theme": "dark", "back": back})
    assert answer.headers["Location"] == "/index.html"


def test_settings_from_elsewhere(site: Site) -> None:
    """Another site cannot choose for the visitor."""
    answer = site.app.test_client().post(
        "/settings.html", form={"theme": "dark"}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status == 403

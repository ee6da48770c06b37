from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.app.site import BROWSER, CHINESE, CURL, JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.app.site import Site

ADD, DELETE = "/add/000007.html", "/del/000007.html"


@pytest.mark.parametrize(
    ("language", "message"), [({}, "now watched"), (CHINESE, "关注成功")], ids=["english", "chinese"]
)
def test_watch(site: Site, language: Mapping[str, str], message: str) -> None:
    """Watching answers 201 with the message to callers, and one row is there."""
    response = site.app.test_client().post(ADD, headers={**CURL, **language})
    assert (response.status, response.text) == (201, f"{message}\n")
    assert site.watch_count() == 1


def test_watch_as_json(site: Site) -> None:
    """A caller that prefers JSON gets the outcome as an object."""
    response = site.app.test_client().post(ADD, headers=JSON)
    assert response.headers["Content-Type"].startswith("application/json")
    assert response.json == {"code": "000007", "outcome": "watched", "status": 201, "message": "now watched"}


@pytest.mark.parametrize(
    ("back", "location"),
    [
        ("/index.html", "/index.html#s000007"),
        ("/index.html?q=%E6%B8%94&page=2", "/index.html?q=%E6%B8%94&page=2#s000007"),
        ("/stock/000007.html", "/stock/000007.html"),
        ("/center.html", "/center.html#s000007"),
        ("", "/center.html#s000007"),
        ("https://evil.example/", "/center.html#s000007"),
        ("//evil.example", "/center.html#s000007"),
        ("/\\evil.example", "/center.html#s000007"),
        ("/a\r\nSet-Cookie: x=y", "/center.html#s000007"),
        ("/\tx", "/center.html#s000007"),
    ],
)
def test_browser_goes_on(site: Site, back: str, location: str) -> None:
    """A browser's form is answered by 303 to a page of ours, which shows the message once."""
    client = site.app.test_client()
    response = client.post(ADD, form={"back": back}, headers=BROWSER)
    assert (response.status, response.headers["Location"]) == (303, location)
    assert "now watched" in client.get("/center.html", headers=BROWSER).text
    assert "now watched" not in client.get("/center.html", headers=BROWSER).text


@pytest.mark.parametrize(
    ("path", "status", "english", "chinese"),
    [
        ("/add/999999.html", 404, "no such stock", "没有这支股票"),
        ("/del/999999.html", 404, "no such stock", "没有这支股票"),
        ("/update/999999.html", 404, "no such stock", "没有这支股票"),
        ("/add/000094.html", 409, "already watched", "已经关注过了\N{FULLWIDTH COMMA}请勿重复关注"),
        ("/del/000007.html", 409, "not watched before", "之前未关注过"),
        ("/update/000007.html", 409, "not watched before", "之前未关注过"),
        ("/update/000007/x.html", 409, "not watched before", "之前未关注过"),
    ],
)
def test_refused(site: Site, path: str, status: int, english: str, chinese: str) -> None:
    """What cannot be done is refused with its status, in both languages, and changes nothing."""
    client = site.visitor("000094")
    for language, message in (({}, english), (CHINESE, chinese)):
        response = client.post(path, form={"note": "x"}, headers={**CURL, **language})
        assert (response.status, response.text) == (status, f"{message}\n")
    assert site.notes() == [""]


@pytest.mark.parametrize(
    ("language", "message"), [({}, "no longer watched"), (CHINESE, "取消关注成功")], ids=["english", "chinese"]
)
def test_unwatch(site: Site, language: Mapping[str, str], message: str) -> None:
    """Unwatching answers 200 with the message, and the row is gone."""
    response = site.visitor("000007").post(DELETE, headers={**CURL, **language})
    assert (response.status, response.text) == (200, f"{message}\n")
    assert site.watch_count() == 0


@pytest.mark.parametrize(("path", "message"), [(ADD, "already watched"), (DELETE, "not watched before")])
def test_pressed_twice(site: Site, path: str, message: str) -> None:
    """A button pressed twice does once what it says, and the person who pressed it gets no error page."""
    client = site.visitor("000094")
    for _ in range(2):
        answer = client.post(path, form={"back": "/index.html"}, headers=BROWSER)
        assert (answer.status, answer.headers["Location"]) == (303, "/index.html#s000007")
    assert message in client.get("/index.html", headers=BROWSER).text
    assert site.watch_count() == (2 if path == ADD else 1)


def test_unwatch_leaves_others(site: Site) -> None:
    """Unwatching takes the stock from the visitor's list only."""
    one, _other = site.visitor("000007"), site.visitor("000007")
    one.post(DELETE)
    assert site.watch_count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", [ADD, "/del/000094.html", "/update/000094.html", "/update/000094/x.html"])
def test_other_origins_are_refused(site: Site, path: str, fields: Mapping[str, str]) -> None:
    """A form that another site sends gets 403 and changes nothing."""
    client = site.visitor("000094")
    response = client.post(path, form={"note": "x"}, headers={**CURL, **fields})
    assert response.status == 403
    assert site.notes() == [""]


def test_own_origin_passes(site: Site) -> None:
    """A form of our own page is taken."""
    fields = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert site.app.test_client().post(ADD, headers={**CURL, **fields}).status == 201


def test_the_cookie(site: Site) -> None:
    """The visitor's cookie cannot be read by scripts nor sent along from other sites; a forged one is no visitor."""
    client = site.app.test_client()
    cookie = client.post(ADD).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    name, value = next(iter(client.cookies.items()))
    client.cookies[name] = value[:-2] + ("AA" if value[-2:] != "AA" else "BB")
    assert 'id="s000007"' not in client.get("/center.html").text


def test_concurrent_adds_insert_one_row(site: Site) -> None:
    """Of many adds at once one inserts the row; the others learn that it is there."""
    cookies = site.visitor("000094").cookies

    def add(_number: int) -> int:
        client = site.app.test_client()
        client.cookies.update(cookies)
        return client.post(ADD).status

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(add, range(24)))
    assert statuses == [201] + [409] * 23
    assert site.watch_count() == 2

"""Every input of the site, and what somebody might put into it who means harm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import func, inspect, select

from app.tables import metadata, stocks
from tests.app.site import BROWSER, note_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.testing import Client, TestResponse
    from tests.app.site import Site

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><svg/onload=alert(1)>",
    "}</style><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "' OR '1'='1",
    "'; DROP TABLE watches; --",
    "1) UNION SELECT visitor, note FROM watches --",
    "%' ESCAPE '/' OR 1=1 --",
    "\\'; DELETE FROM stocks; #",
    "000007' AND SLEEP(5) AND '",
    "../../../../etc/passwd",
    "%0d%0aSet-Cookie: session=stolen",
    "\N{FULLWIDTH LESS-THAN SIGN}script\N{FULLWIDTH GREATER-THAN SIGN}alert(1)",  # NFKC makes a tag of it
    "\x00",
    "x" * 5000,
]
MARKUP = re.compile(r"<script>alert|<img src=x|<svg/onload|onfocus='alert|href=\"javascript:", re.IGNORECASE)

ATTACKS: dict[str, Callable[[Client, str], TestResponse]] = {
    "q": lambda c, text: c.get(f"/index.html?q={quote(text)}", headers=BROWSER),
    "sort": lambda c, text: c.get(f"/index.html?sort={quote(text)}", headers=BROWSER),
    "move": lambda c, text: c.get(f"/index.html?move={quote(text)}", headers=BROWSER),
    "page": lambda c, text: c.get(f"/index.html?page={quote(text)}", headers=BROWSER),
    "unknown field": lambda c, text: c.get(f"/index.html?{quote(text)}={quote(text)}", headers=BROWSER),
    "code": lambda c, text: c.get(f"/stock/{quote(text, safe='')}.html", headers=BROWSER),
    "path": lambda c, text: c.get(f"/{quote(text, safe='')}", headers=BROWSER),
    "bars": lambda c, text: c.get(f"/bars/{quote(text, safe='')}.json", headers=BROWSER),
    "mine": lambda c, text: c.get(f"/mine/{quote(text, safe='')}.json", headers=BROWSER),
    "live codes": lambda c, text: c.get(f"/live?codes={quote(text) or 'x'}", headers=BROWSER),
    "add": lambda c, text: c.post(f"/add/{quote(text, safe='')}.html", headers=BROWSER),
    "note": lambda c, text: c.post("/update/000007.html", form={"note": text}, headers=BROWSER),
    "note in the path": lambda c, text: c.post(note_path("000007", text), headers=BROWSER),
    "place": lambda c, text: c.post("/move/000007.html", form={"place": text}, headers=BROWSER),
    "back": lambda c, text: c.post("/add/000094.html", form={"back": text}, headers=BROWSER),
    "settings": lambda c, text: c.post("/settings.html", form={"theme": text, "back": text}, headers=BROWSER),
    "language": lambda c, text: c.get(
        "/index.html", headers={**BROWSER, "Accept-Language": quote(text, safe="<>'\" ")}
    ),
}
COOKIES = ["notice", "language", "rise", "theme", "session"]


def intact(site: Site) -> bool:
    """Tell whether all tables are there, no stock is gone, and the visitor's list holds what he put there."""
    there = site.database.read(lambda c: set(inspect(c).get_table_names()))
    count = site.database.read(lambda c: c.execute(select(func.count()).select_from(stocks)).scalar_one())
    return set(metadata.tables) <= there and count > 100 and site.watch_count() in {1, 2}


@pytest.mark.parametrize("name", ATTACKS)
def test_input(site: Site, name: str) -> None:
    """Whatever comes in is text: no page runs it, no statement obeys it, no header takes it, nothing breaks."""
    client = site.visitor("000007")
    for payload in PAYLOADS:
        answer = ATTACKS[name](client, payload)
        assert answer.status < 500, payload
        assert not MARKUP.search(answer.text), payload
        assert "root:" not in answer.text, payload
        assert re.match(r"/(?![/\\])", answer.headers.get("Location", "/")), payload
        assert "stolen" not in str(answer.headers.getlist("Set-Cookie")), payload
        for path in ("/center.html", "/update/000007.html"):
            assert not MARKUP.search(client.get(path, headers=BROWSER).text), payload
        assert intact(site), payload


@pytest.mark.parametrize("name", COOKIES)
def test_cookie(site: Site, name: str) -> None:
    """A made-up cookie changes nothing and is shown nowhere, in the visitor's style sheet neither."""
    client = site.visitor("000007")
    for payload in PAYLOADS[:-2]:  # the last two are no secret: a NUL is in no page, and many an x is
        client.cookies[name] = quote(payload)
        for path in ("/index.html", "/stock/000007.html", "/center.html", "/marks.css"):
            answer = client.get(path, headers=BROWSER)
            assert answer.status == 200, payload
            assert payload not in answer.text, payload
    assert intact(site)

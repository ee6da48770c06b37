from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app import watchlist
from app.tables import stocks, watches
from tests.app.site import BROWSER, CHINESE, JSON, NASTY_NOTES

if TYPE_CHECKING:
    from framework.testing import Client
    from tests.app.site import Site

THREE = ("000007", "000094", "000096")


def order(client: Client) -> list[str]:
    """Return the codes of the watch list in its order."""
    return re.findall(r'<tr role="row" id="s(\d{6})">', client.get("/center.html").text)


def exported(client: Client, **headers: str) -> list[list[str]]:
    """Return the rows of the file."""
    text = client.get("/center.csv", headers=headers).body.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("code", "place", "expected"),
    [
        ("000007", 1, ["000007", "000094", "000096"]),
        ("000007", 2, ["000094", "000007", "000096"]),
        ("000007", 3, ["000094", "000096", "000007"]),
        ("000007", 99, ["000094", "000096", "000007"]),
        ("000096", 1, ["000096", "000007", "000094"]),
        ("000094", 2, ["000007", "000094", "000096"]),
    ],
)
def test_move(site: Site, code: str, place: int, expected: list[str]) -> None:
    """A stock goes to the place that is named, once, however often that is sent, and nobody else's does."""
    client, other = site.visitor(*THREE), site.visitor(*THREE)
    for _ in range(2):
        answer = client.post(f"/move/{code}.html", form={"place": place}, headers=JSON)
        assert (answer.status, answer.json["outcome"]) == (200, "moved")
        assert order(client) == expected
    assert order(other) == list(THREE)


def test_a_browser_comes_back_to_the_row(site: Site) -> None:
    """Without a script the page comes back, at the row that was moved, and says so."""
    client = site.visitor(*THREE)
    answer = client.post("/move/000007.html", form={"place": 2, "back": "/center.html"}, headers=BROWSER)
    assert (answer.status, answer.headers["Location"]) == (303, "/center.html#s000007")
    assert "list reordered" in client.get("/center.html", headers=BROWSER).text


@pytest.mark.parametrize(
    ("path", "place", "status", "reason"),
    [
        ("/move/999999.html", "1", 404, "unknown_stock"),
        ("/move/000190.html", "1", 409, "not_watched"),
        ("/move/000007.html", "0", 400, "bad_request"),
        ("/move/000007.html", "-1", 400, "bad_request"),
        ("/move/000007.html", "1; DROP TABLE watches", 400, "bad_request"),
        ("/move/000007.html", "9" * 30, 400, "bad_request"),
        ("/move/000007.html", "", 400, "bad_request"),
    ],
)
def test_refused_moves(site: Site, path: str, place: str, status: int, reason: str) -> None:
    """What cannot be moved, or nowhere, is refused, and the order stays."""
    client = site.visitor(*THREE)
    answer = client.post(path, form={"place": place}, headers=JSON)
    assert (answer.status, answer.json["error"]) == (status, reason)
    assert order(client) == list(THREE)


def test_moves_at_once(site: Site) -> None:
    """Moves that meet lose no stock and leave an order."""
    client = site.visitor(*THREE)
    cookies = dict(client.cookies)

    def move(number: int) -> int:
        other = site.app.test_client()
        other.cookies.update(cookies)
        return other.post(f"/move/{THREE[number % 3]}.html", form={"place": number % 3 + 1}).status

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(move, range(12))) == {200}
    assert sorted(order(client)) == list(THREE)


def test_new_stocks_come_last(site: Site) -> None:
    """What is watched next stands below what was moved down."""
    client = site.visitor("000007", "000094")
    client.post("/move/000007.html", form={"place": 2})
    client.post("/add/000096.html")
    assert order(client) == ["000094", "000007", "000096"]
    places = site.database.read(
        lambda c: c.execute(select(watches.c.position).order_by(watches.c.position)).scalars().all()
    )
    assert list(places) == [1, 2, 3]


def test_totals(site: Site) -> None:
    """The list comes to its number, its gainers and losers, and two means."""
    for code, change in zip(THREE, ("1.00", "-4.00", "0.00"), strict=True):
        site.database.write(
            lambda c, code=code, change=change: c.execute(
                update(stocks).where(stocks.c.code == code).values(change_percent=change, price=90, previous_high=100)
            )
        )
    page = site.visitor(*THREE).get("/center.html").text
    totals = re.sub(r"<[^>]+>|\s+", " ", page.partition('<dl class="totals"')[2].partition("</dl>")[0])
    for expected in ("Stocks watched 3", "1 up 1 down", "\N{MINUS SIGN}1.00%", "\N{MINUS SIGN}10.00%"):
        assert expected in re.sub(r" +", " ", totals)


def test_nothing_comes_to_nothing() -> None:
    """An empty list has totals, too."""
    assert watchlist.totals([]) == (0, 0, 0, Decimal(0), Decimal(0))


def test_export(site: Site) -> None:
    """The file has a line for each stock in the list's order, figures bare and headings in the reader's language."""
    client = site.visitor("000094", "000007")
    client.post("/update/000094.html", form={"note": 'two\nlines, "quoted"'})
    rows = exported(client)
    assert rows[0] == ["Code", "Name", "Change", "Turnover", "Price (CNY)", "Previous high", "High date", "Note"]
    assert [row[0] for row in rows[1:]] == ["000094", "000007"]
    assert rows[1][1:5] == ["荇菜药业", "-0.36", "3.91", "21.97"]
    assert rows[1][7] == 'two\nlines, "quoted"'
    assert exported(client, **CHINESE)[0][0] == "股票代码"
    answer = client.get("/center.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"].startswith("private")


def test_an_empty_export(site: Site) -> None:
    """A visitor without a list gets the headings, and nobody's rows."""
    site.visitor("000007")
    assert len(exported(site.app.test_client())) == 1


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", *NASTY_NOTES])
def test_export_holds_no_formula(site: Site, note: str) -> None:
    """A note that a spreadsheet would run stands there as text; any other comes as it was typed."""
    client = site.visitor("000007")
    assert client.post("/update/000007.html", form={"note": note}).status == 200
    cell = exported(client)[1][7]
    assert cell.removeprefix("'") == note.removeprefix("'")
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\n"))

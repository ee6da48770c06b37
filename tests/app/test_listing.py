from __future__ import annotations

import re
import shutil
from html import unescape
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, make_url, select, text, update

from app import listing, names
from app.config import DatabaseConfig
from app.database import Database
from app.listing import PAGE_SIZE, Wanted, page_statement
from app.sparkline import sparkline
from app.tables import stocks as table
from framework.multidict import MultiDict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.app.site import Site

MARKET = 5500  # all A shares
INDEXES = {"code": "sqlite_autoindex_stocks_1"}


def codes(page: str) -> list[str]:
    """Return the codes of the rows in their order."""
    return re.findall(r'<tr role="row" id="s(\d{6})">', page)


def get(site: Site, query: str) -> str:
    """Return the list at this query."""
    answer = site.app.test_client().get(f"/index.html?{query}")
    assert answer.status == 200
    return answer.text


@pytest.fixture(scope="module")
def market_file(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database with a stock for each code of a whole market; each test gets a copy."""
    path = tmp_path_factory.mktemp("market") / "minnow.db"
    shutil.copy(seeded_file, path)
    database = Database(DatabaseConfig(make_url(f"sqlite:///{path}"), 1))
    model = database.read(lambda c: dict(c.execute(select(table).limit(1)).mappings().one()))
    rows = [
        {
            **model,
            "id": number,
            "code": f"{number:06}",
            "name": f"鱼{number}",
            "initials": f"Y{number}",
            "price": number % 977,
            "change_percent": number % 21 - 10,
        }
        for number in range(1, MARKET + 1)
    ]

    def fill(connection: Connection) -> None:
        connection.execute(delete(table))
        connection.execute(insert(table), rows)
        connection.execute(text("ANALYZE"))

    database.write(fill)
    database.close()
    return path


@pytest.fixture
def market(tmp_path: Path, market_file: Path, open_site: Callable[..., Site]) -> Site:
    """Open the site on a whole market of its own."""
    shutil.copy(market_file, tmp_path / "minnow.db")
    return open_site(f"sqlite:///{tmp_path}/minnow.db")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=000190", ["000190"]),
        ("q=%EF%BC%90%EF%BC%90%EF%BC%90%EF%BC%91%EF%BC%99%EF%BC%90", ["000190"]),  # full-width digits
        ("q=0001", ["000190"]),
        ("q=wlch", ["000190"]),
        ("q=WLCHYXYDGS", ["000190"]),
        ("q=%20stlw%20", ["000497"]),
        ("q=%E9%95%BF%E6%B2%B3", ["000190"]),  # 长河, from the middle of a name
        ("q=ST%E6%BC%8F", ["000497"]),
        ("q=st%E6%BC%8F", ["000497"]),
        ("q=%EF%BC%B3%EF%BC%B4%E6%BC%8F", ["000497"]),  # full-width letters
        ("q=%E9%95%BF%E6%B2%B3%E6%97%A0", []),  # as it begins, not as it goes on
        ("q=%25", []),
        ("q=_", []),
        ("q=/", []),
        ("q=0001%0090", ["000190"]),
        ("q=%E6%B2%B3%00%25", []),
        ("q='%20OR%201=1%20--", []),
        ("q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", []),
        ("q=9999999999999999999999999999", []),
    ],
)
def test_search(site: Site, query: str, expected: list[str]) -> None:
    """What is typed is a code's beginning, initials, or a part of a name, and never more than text."""
    page = get(site, query)
    assert codes(page) == expected
    assert "<script>alert" not in page


def test_search_shows_what_was_typed(site: Site) -> None:
    """The field holds the words again, as text."""
    assert 'value="<b>&"' in unescape(get(site, "q=%3Cb%3E%26"))


@pytest.mark.parametrize("sort", listing.SORTS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_sort(site: Site, sort: str, sign: str) -> None:
    """The list is in the order of any of its columns, both ways, and says which."""
    column = listing.SORTS[sort]
    rows = site.database.read(lambda c: c.execute(select(column, table.c.code).order_by(column, table.c.code)).all())
    expected = [row[1] for row in (reversed(rows) if sign else rows)][:PAGE_SIZE]
    page = get(site, f"sort={sign}{sort}")
    assert codes(page) == expected
    assert f'aria-sort="{"descending" if sign else "ascending"}"' in page


@pytest.mark.parametrize(("move", "sign"), [("up", "+"), ("down", "\N{MINUS SIGN}"), ("flat", "0")])
def test_filter(site: Site, move: str, sign: str) -> None:
    """The list of gainers has all of them and no other; so has that of losers."""
    changes = re.findall(r'<span class="change \w+">(.)', get(site, f"move={move}"))
    everything = re.findall(r'<span class="change \w+">(.)', get(site, ""))
    assert changes == [sign] * everything.count(sign)
    assert changes


def test_links_keep_the_rest(site: Site) -> None:
    """Sorting keeps the search and the filter, and begins at the first page."""
    links = [
        unescape(link) for link in re.findall(r'href="(/index.html\?[^"]*)"', get(site, "q=0&move=up&sort=-price"))
    ]
    assert "/index.html?q=0&sort=price&move=up" in links  # the same column turns round
    assert "/index.html?q=0&sort=-change&move=up" in links
    assert "/index.html?q=0&move=up" in links  # by code: the plain order has no name
    assert "/index.html?q=0&sort=-price&move=down" in links


def test_nothing_found(site: Site) -> None:
    """A search without a hit says so and leads back."""
    page = get(site, "q=zzzz")
    assert "No stock fits." in page
    assert not codes(page)


def test_an_empty_market(site: Site) -> None:
    """A site without stocks says what to do."""
    site.database.write(lambda c: c.execute(delete(table)))
    assert "There are no stocks yet." in get(site, "")


def test_pages(market: Site) -> None:
    """Every stock of a whole market is on one page, each page has an address, and the last one ends."""
    seen = []
    for page in range(1, MARKET // PAGE_SIZE + 1):
        seen += codes(get(market, f"page={page}&sort=-price"))
    assert len(seen) == len(set(seen)) == MARKET
    assert market.app.test_client().get(f"/index.html?page={MARKET // PAGE_SIZE + 1}").status == 404
    first = get(market, "sort=-price")
    assert 'rel="next" href="/index.html?sort=-price&amp;page=2"' in first
    assert 'rel="prev"' not in first
    assert '<td role="cell" class="number">126</td>' in get(market, "page=2")


@pytest.mark.parametrize(
    ("page", "expected"),
    [(1, [1, 2, 0, 44]), (3, [1, 2, 3, 4, 0, 44]), (20, [1, 0, 19, 20, 21, 0, 44]), (44, [1, 0, 43, 44])],
)
def test_page_numbers(page: int, expected: list[int]) -> None:
    """The first page, the last and the neighbours have links."""
    assert listing.Listing(Wanted(page=page), [], listing.Tally(1, MARKET, 1, 1)).page_numbers == expected


def explain(site: Site, search: str, sort: str, move: str = "", *, descending: bool = False) -> str:
    """Return how the database means to read the first page of a list."""
    statement = page_statement(search, sort, descending, move)
    values = {"offset": 0, "q_from": "Y12", "q_to": "Y12ZZZZ"}

    def ask(connection: Connection) -> str:
        compiled = statement.compile(connection.engine, compile_kwargs={"render_postcompile": True})
        parameters = [{**compiled.params, **values}[name] for name in compiled.positiontup or ()]
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(parameters))
        return "\n".join(str(row[-1]) for row in rows)

    return site.database.read(ask)


@pytest.mark.parametrize("sort", listing.SORTS)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("move", ["", "up", "down"])
def test_sorting_uses_an_index(market: Site, sort: str, move: str, *, descending: bool) -> None:
    """No page of a whole market is sorted when it is asked for: each order is that of an index."""
    steps = explain(market, "", sort, move, descending=descending)
    assert re.search(rf"USING INDEX {INDEXES.get(sort) or listing.SORTS[sort].name}", steps.replace("ix_stocks_", ""))
    assert "TEMP B-TREE" not in steps


@pytest.mark.parametrize(
    ("search", "index"), [("code", "sqlite_autoindex_stocks_1"), ("initials", "ix_stocks_initials")]
)
def test_searching_uses_an_index(market: Site, search: str, index: str) -> None:
    """A code and initials are looked up, not looked for."""
    assert f"SEARCH stocks USING INDEX {index}" in explain(market, search, "code")


def test_searching_inside_names_uses_an_index(market: Site) -> None:
    """A part of a name is looked up like a beginning, and the stocks that have it by their numbers."""
    steps = explain(market, "name", "code")
    assert re.search(r"SEARCH name_ends USING (COVERING )?INDEX \S+ \(name_end>\? AND name_end<\?\)", steps)
    assert "SCAN" not in steps


def test_every_part_of_every_name(site: Site) -> None:
    """One, two and three characters of any name find those stocks that have them in theirs, and no other."""
    rows = site.database.read(lambda c: c.execute(select(table.c.code, table.c.name)).all())
    called = {row.code: row.name for row in rows}
    parts = {name[at : at + size] for name in called.values() for size in (1, 2, 3) for at in range(len(name))}
    typed = [part for part in parts if not part.isascii() and part == part.strip()]  # the rest are taken for initials
    wanted = [Wanted.from_query(MultiDict([("q", part)])) for part in typed]
    found = site.database.read(lambda c: {each.query: listing.listing(c, each).found for each in wanted})
    assert len(found) > 500
    for part, lines in found.items():
        having = {code for code, name in called.items() if names.spelt(part) in names.spelt(name)}
        assert {line[0] for line in lines} == having, part


@pytest.mark.parametrize(
    ("recent", "path"),
    [
        ("", ""),
        ("10.00", ""),
        ("1.00,2.00", "M0 16l60-16"),
        ("2.00,1.00,2.00", "M0 0l30 16 30-16"),
        ("5.00,5.00", "M0 8l60 0"),
    ],
)
def test_sparkline(recent: str, path: str) -> None:
    """The closes fill the box from the lowest to the highest; less than two draw nothing."""
    assert sparkline(recent) == path


def test_each_row_has_its_line(site: Site) -> None:
    """A row draws its last closes, and one without closes nothing."""
    assert get(site, "").count('<svg class="spark"') == len(codes(get(site, "")))
    site.database.write(lambda c: c.execute(update(table).values(recent="")))
    assert '<svg class="spark"' not in get(site, "q=0")

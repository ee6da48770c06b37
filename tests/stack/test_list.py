"""The list and the watch list as MySQL reads them: its collation, its optimizer and its locks are its own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.dialects import mysql

from app.listing import SORTS, page_statement
from tests.stack.compose import curl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.stack.compose import Stack, Visitor

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

# A whole market in a table of its own: 5,500 rows and the indexes of `stocks`.
MARKET = """
SET SESSION cte_max_recursion_depth = 10000;
DROP TABLE IF EXISTS minnow.market_plan;
DROP TABLE IF EXISTS minnow.market_ends;
CREATE TABLE minnow.market_plan LIKE minnow.stocks;
CREATE TABLE minnow.market_ends LIKE minnow.name_ends;
INSERT INTO minnow.market_plan
  (code, name, initials, change_percent, turnover_percent, price, previous_high, previous_high_on, volume)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5500)
SELECT LPAD(i, 6, '0'), CONCAT('鱼', i), CONCAT('Y', i), i % 21 - 10, i % 17, i % 977 + 1, i % 977 + 2,
  '2026-01-01' + INTERVAL i % 300 DAY, i FROM n;
INSERT INTO minnow.market_ends (name_end, stock_id)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
SELECT SUBSTRING(name, i), id FROM minnow.market_plan JOIN n ON i <= CHAR_LENGTH(name);
ANALYZE TABLE minnow.market_plan, minnow.market_ends;
"""


def codes(page: str) -> list[str]:
    """Return the codes of a table's rows."""
    return re.findall(r'<tr[^>]* id="s(\d{6})">', page)


@pytest.fixture(scope="module")
def market(stack: Stack) -> Iterator[Stack]:
    """Make a market for the optimizer to plan with, and take it away again."""
    stack.sql(MARKET)
    yield stack
    stack.sql("DROP TABLE minnow.market_plan, minnow.market_ends")


def explain(stack: Stack, search: str, sort: str, *, descending: bool, move: str) -> str:
    """Return how MySQL means to read the first page of a list."""
    compiled = page_statement(search, sort, descending, move).compile(dialect=mysql.dialect(paramstyle="named"))
    values = {**compiled.params, "offset": 0, "q_from": "鱼12", "q_to": "鱼12龟"}
    text = re.sub(r":(\w+)", lambda name: repr(values[name[1]]), str(compiled))
    # The indexes' names, ix_stocks_price and so on, are those of the copy, too.
    text = re.sub(r"\bstocks\b", "minnow.market_plan", re.sub(r"\bname_ends\b", "minnow.market_ends", text))
    return stack.sql("EXPLAIN FORMAT=TREE " + text)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("descending", [False, True])
def test_sorting_uses_an_index(market: Stack, sort: str, *, descending: bool) -> None:
    """MySQL, too, reads a page of a whole market in the order of an index and sorts nothing."""
    plan = explain(market, "", sort, descending=descending, move="")
    assert "Index scan on market_plan using" in plan
    assert "Sort" not in plan


def test_searching_inside_names_uses_an_index(market: Stack) -> None:
    """MySQL looks up the ends that begin so, then the stocks by their numbers: no table is read whole."""
    plan = explain(market, "name", "code", descending=False, move="")
    assert "Covering index range scan on market_ends using PRIMARY" in plan
    assert "Table scan on market" not in plan
    assert "lookup on market_plan using PRIMARY" in plan


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=wlch", ["000190"]),
        ("q=stlw", ["000497"]),
        ("q=%E9%95%BF%E6%B2%B3", ["000190"]),
        ("q=%25", []),
        ("q=_", []),
        ("q=0001", ["000190"]),
        ("q=st%E6%BC%8F", ["000497"]),
        ("q=%E6%95%85", ["000190"]),  # one character, 故
        ("q=%E4%BA%8B", ["000190"]),  # the last one, 事
    ],
)
def test_search(stack: Stack, query: str, expected: list[str]) -> None:
    """MySQL's collation finds the same as SQLite's bytes do."""
    assert codes(curl(f"{stack.url}/index.html?{query}").body) == expected


def test_initials_up_to_the_last_letter(stack: Stack) -> None:
    """Every letter finds the stocks whose initials begin with it, Z too, which stands at the end of a collation."""
    for row in stack.sql("SELECT UPPER(LEFT(initials, 1)), COUNT(*) FROM minnow.stocks GROUP BY 1").splitlines():
        letter, count = row.split()
        assert len(codes(curl(f"{stack.url}/index.html?q={letter.lower()}").body)) == int(count)


def test_moves_at_once(stack: Stack, visitor: Visitor) -> None:
    """Stocks that are added and moved at the same time are all there afterwards, each once and each at a place."""
    three = ["000007", "000094", "000096"]
    for code in three:
        assert visitor.post(f"/add/{code}.html").status == 201

    def move(number: int) -> int:
        # The jar is read only: two curls that write it at once would leave it broken.
        place = f"place={number % 3 + 1}"
        url = f"{stack.url}/move/{three[number % 3]}.html"
        return curl("--cookie", str(visitor.jar), "--data", place, url).status

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(move, range(12))) == {200}
    assert sorted(codes(visitor.get("/center.html").body)) == three
    assert visitor.post("/move/000096.html", "--data", "place=1").status == 200
    assert codes(visitor.get("/center.html").body)[0] == "000096"

"""Stocks and bars that nobody ever traded: the same ones each time, because every one is drawn from its own code."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from app.bars import change
from app.initials import initials_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.bars import Row

LAST_DAY: Final = date(2026, 10, 30)  # the last trading day of the sample
DAYS: Final = 250  # trading days a stock has bars of: about a year
NAMES: Final = Path(__file__).parent / "data" / "names.txt"
BOARDS: Final = ("000", "001", "002", "300", "301", "600", "601", "603", "605", "688")
MOST: Final = 6000  # stocks: there are 6,144 names


class Invented(NamedTuple):
    """A stock on the last day; its history is drawn so that it leads there."""

    code: str
    name: str
    initials: str
    change_percent: Decimal
    turnover_percent: Decimal
    price: Decimal
    previous_high: Decimal
    previous_high_on: date


def trading_days(count: int, last: date = LAST_DAY) -> list[date]:
    """Return the last `count` weekdays up to `last`; an invented exchange has no holidays."""
    weeks = [last - timedelta(days=back) for back in range(count * 7 // 5 + 7)]
    return [day for day in weeks if day.weekday() < 5][:count][::-1]  # noqa: PLR2004 - Monday is 0


def invent_stocks(taken: set[str]) -> Iterator[Invented]:
    """Yield stocks whose codes are not `taken`, always in the same order."""
    names = iter(_names())
    for number, board in product(range(1, 1000), BOARDS):
        code = f"{board}{number:03}"
        if code not in taken and (name := next(names, None)):
            yield _invent(code, name)


def _names() -> list[str]:
    """Return every head with every tail, in an order of chance that is always the same."""
    heads, tails = (line.split() for line in NAMES.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    names = [head + tail for head, tail in product(heads, tails)]
    random_of("names").shuffle(names)
    return names


def _invent(code: str, name: str) -> Invented:
    random = random_of(code)
    price = cents(math.exp(random.gauss(2.8, 0.8)) + 1)
    before = cents(float(price) / (1 + max(-9.9, min(9.9, random.gauss(0.1, 2.2))) / 100))
    high = max(price, before) * Decimal(1 + random.expovariate(5)).quantize(Decimal("0.001"))
    return Invented(
        code=code,
        name=name,
        initials=initials_of(name),
        change_percent=change(price, before),
        turnover_percent=cents(random.expovariate(0.4) + 0.05),
        price=price,
        previous_high=cents(float(high)),
        previous_high_on=random.choice(trading_days(DAYS)[:-2]),
    )


def invent_bars(stock: Invented, stock_id: int, days: list[date]) -> list[Row]:
    """Return bars of these days that end with the stock's price and reach its previous high on that day, not above."""
    random = random_of(stock.code)
    top = float(stock.previous_high)
    closes = _closes(random, stock, days)
    shares = random.uniform(5e7, 2e9)
    rows: list[Row] = []
    before = closes[0]
    for day, close in zip(days, closes, strict=True):
        opening = min(before * math.exp(random.gauss(0, 0.004)), top - 0.01)
        high = max(opening, close, min(max(opening, close) * (1 + abs(random.gauss(0, 0.006))), top - 0.01))
        if day == stock.previous_high_on:
            high = top
        low = min(opening, close) * (1 - abs(random.gauss(0, 0.006)))
        turnover = float(stock.turnover_percent) * (1 if day == days[-1] else math.exp(random.gauss(0, 0.4)))
        volume = max(100, round(shares * turnover / 10_000) * 100)
        rows.append((stock_id, day.isoformat(), f"{opening:.2f}", f"{high:.2f}", f"{low:.2f}", f"{close:.2f}", volume))
        before = close
    return rows


def _closes(random: Random, stock: Invented, days: list[date]) -> list[float]:
    """Return a random walk back from the last two closes: to just below the high on its day, and from there on."""
    price, top = float(stock.price), float(stock.previous_high)
    last = [float(cents(price / (1 + float(stock.change_percent) / 100))), price]
    until = next((at for at, day in enumerate(days) if day == stock.previous_high_on), 0)
    walk = [last[0]]
    for left in range(len(days) - 3 - until, -1 - until, -1):
        drift = math.log(top * 0.985 / walk[-1]) / (left + 1) if left >= 0 else -0.0005
        walk.append(min(walk[-1] * math.exp(drift + random.gauss(0, 0.018)), top * 0.995))
    return [max(close, 0.05) for close in [*walk[::-1], last[1]][-len(days) :]]


def random_of(seed: str) -> Random:
    """Return a source of chance that gives the same for the same seed, on every machine."""
    return Random(seed)  # noqa: S311 - a market for show, no secret


def cents(value: float) -> Decimal:
    """Return a price in CNY to two places."""
    return Decimal(f"{value:.2f}")

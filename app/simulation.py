"""A market that moves: invented trades, for a demonstration of live quotes or a test under load.

With the same seed, on the same day and from the same data, it takes the same way each time.
"""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, select, update

from app import bars, maintenance, quotes
from app import tables as t
from app.invention import cents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

    from app.bars import Row

CENT: Final = Decimal("0.01")
LIMIT: Final = Decimal("0.10")  # a stock may move by so much on a day, as on the exchanges of Shanghai and Shenzhen
STEP: Final = 0.002  # of the price: the usual size of a move
LOT: Final = 100  # shares

_UPDATE = (
    update(t.stocks)
    .where(t.stocks.c.id == bindparam("stock"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "price",
                "change_percent",
                "turnover_percent",
                "volume",
                "previous_high",
                "previous_high_on",
                "recent",
                "version",
            )
        }
    )
)


@dataclass(slots=True)
class Traded:
    """A stock in the middle of its trading day."""

    id: int
    before: Decimal
    """The close of the day before."""
    closes: list[str]
    """The closes before today's, for the line in the list."""
    open: Decimal
    high: Decimal
    low: Decimal
    price: Decimal
    volume: int
    shares_per_cent: float
    """How many shares one per cent of turnover is."""
    top: Decimal
    top_on: date

    def trade(self, random: Random, day: date) -> None:
        """Move the price by some cents, within the day's limit, and trade some lots."""
        moved = self.price + max(CENT, cents(float(self.price) * abs(random.gauss(0, STEP)))) * random.choice((-1, 1))
        lowest, highest = (self.before * (1 - LIMIT)).quantize(CENT), (self.before * (1 + LIMIT)).quantize(CENT)
        self.price = max(CENT, lowest, min(highest, moved))
        self.high, self.low = max(self.high, self.price), min(self.low, self.price)
        self.volume += LOT * random.randint(1, 500)
        if self.price > self.top:
            self.top, self.top_on = self.price, day

    def bar(self, day: date) -> Row:
        """Return the day's bar so far."""
        prices = (f"{price:.2f}" for price in (self.open, self.high, self.low, self.price))
        return (self.id, day.isoformat(), *prices, self.volume)  # type: ignore[return-value]  # four of them

    def quote(self, version: int) -> dict[str, Any]:
        """Return what the list shows now."""
        return {
            "stock": self.id,
            "price": self.price,
            "change_percent": bars.change(self.price, self.before),
            "turnover_percent": cents(self.volume / self.shares_per_cent),
            "volume": self.volume,
            "previous_high": self.top,
            "previous_high_on": self.top_on,
            "recent": ",".join([*self.closes, f"{self.price:.2f}"][-bars.RECENT :]),
            "version": version,
        }


def simulate(
    url: URL,
    wait: float,
    seed: str = "",
    ticks: int = 0,
    interval: float = 1.0,
    share: float = 0.03,
    day: date | None = None,
) -> str:
    """Move the market once every `interval` seconds, `ticks` times or until it is interrupted; return what to print.

    `share` of the stocks trade in each tick. The day is today, or the last one that has bars if that is later.
    """
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    done = 0
    try:
        with maintenance.open_engine(url, wait) as engine:
            market = Market(engine, Random(seed or None), day)  # noqa: S311 - a market for show, no secret
            while not stop.is_set() and (not ticks or done < ticks):
                market.tick(share)
                done += 1
                if done != ticks:
                    stop.wait(interval)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
    return f"{done:,} ticks."


class Market:
    """All stocks on one day."""

    def __init__(self, engine: Engine, random: Random, day: date | None = None) -> None:
        self._engine = engine
        self._random = random
        with engine.connect() as connection:
            last = connection.execute(select(func.max(t.bars.c.day))).scalar()
            self.day = day or max(filter(None, (last, datetime.now(UTC).date())))
            self._stocks = list(_traded(connection, self.day))
        if not self._stocks:
            raise maintenance.MaintenanceError(
                "there are no stocks with bars to trade; `python -m app seed` brings some"
            )

    def tick(self, share: float) -> int:
        """Let some stocks trade, in one transaction; return the new version of the quotes."""
        count = max(1, round(len(self._stocks) * share))
        trading = sorted(self._random.sample(range(len(self._stocks)), count))
        moved = [self._stocks[place] for place in trading]
        for stock in moved:
            stock.trade(self._random, self.day)
        with self._engine.begin() as connection:
            version = quotes.advance(connection)
            connection.execute(_UPDATE, [stock.quote(version) for stock in moved])
            bars.store(connection, [stock.bar(self.day) for stock in moved])
        return version


def _traded(connection: Connection, day: date) -> Iterator[Traded]:
    """Yield the stocks as the day finds them, or as far as it has come."""
    of_day = {row.stock_id: row for row in connection.execute(select(t.bars).where(t.bars.c.day == day))}
    for row in connection.execute(select(t.stocks).where(t.stocks.c.recent != "").order_by(t.stocks.c.code)):
        bar, closes = of_day.get(row.id), row.recent.split(",")
        if bar is not None:
            closes.pop()
        yield Traded(
            id=row.id,
            before=Decimal(closes[-1]) if closes else row.price,
            closes=closes,
            open=bar.open if bar else row.price,
            high=bar.high if bar else row.price,
            low=bar.low if bar else row.price,
            price=row.price,
            volume=bar.volume if bar else 0,
            shares_per_cent=max(1.0, row.volume / float(max(row.turnover_percent, CENT))),
            top=row.previous_high,
            top_on=row.previous_high_on,
        )

"""The sample stocks: a labelled CSV file beside this module, and how they get into the database."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from app.tables import stocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

SAMPLE_FILE = Path(__file__).parent / "data" / "sample_stocks.csv"


def sample_rows() -> Iterator[dict[str, str | Decimal | date]]:
    """Yield the rows of the sample file, as the columns of `stocks` want them."""
    with SAMPLE_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            yield {
                "code": row["code"],
                "name": row["name"],
                "change_percent": Decimal(row["change_percent"]),
                "turnover_percent": Decimal(row["turnover_percent"]),
                "price": Decimal(row["price"]),
                "previous_high": Decimal(row["previous_high"]),
                "previous_high_on": date.fromisoformat(row["previous_high_on"]),
            }


def seed(connection: Connection) -> tuple[int, int]:
    """Insert the sample stocks whose codes are missing; return how many were added and how many were there.

    A stock that is there keeps its figures: they may have moved since.
    """
    present = set(connection.execute(select(stocks.c.code)).scalars())
    rows = list(sample_rows())
    missing = [row for row in rows if row["code"] not in present]
    if missing:
        connection.execute(insert(stocks), missing)
    return len(missing), len(rows) - len(missing)

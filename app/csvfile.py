"""A watch list as a file for spreadsheets (RFC 4180)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.i18n import Translator
    from app.watchlist import Entry

# A spreadsheet takes a cell that begins so for a formula and runs it. The apostrophe makes a text of it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it Excel takes the file for the system's encoding
_COLUMNS: Final = ("code", "name", "change", "turnover", "price", "previous_high", "previous_high_on", "note")


def as_csv(entries: list[Entry], t: Translator) -> str:
    """Return the list with a line of headings in the reader's language; figures are bare, notes are text."""
    file = io.StringIO()
    file.write(_BYTE_ORDER_MARK)
    writer = csv.writer(file)
    writer.writerow(t(column) for column in _COLUMNS)
    for stock, note in entries:
        figures = (stock.change, stock.turnover, stock.price, stock.previous_high, stock.previous_high_on)
        writer.writerow((stock.code, _text(stock.name), *figures, _text(note)))
    return file.getvalue()


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text

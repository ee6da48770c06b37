"""Files of quotes: CSV with its columns in any order, found by name; plain or gzip; UTF-8 or GB 18030.

A file is read line by line, and never held as a whole. Each line is taken by itself, so that one with an open quotation
mark spoils itself and not the rest. No character of GB 18030 has a byte that is a line end, a comma or such a mark.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from app.tables import INITIALS_LIMIT, NAME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader

ENCODINGS: Final = ("auto", "utf-8", "gb18030")
SNIFFED: Final = 1 << 20  # bytes that are looked at to tell the encoding
GZIP: Final = b"\x1f\x8b"
LINE_LIMIT: Final = 4096  # bytes: a longer line is none of quotes, and must not fill the memory
NUMBERS: Final = ("open", "high", "low", "close")
REQUIRED: Final = ("code", "day", *NUMBERS, "volume")
# What a column may be called, in lower case.
ALIASES: Final = {
    "code": ("代码", "股票代码", "证券代码"),
    "name": ("名称", "股票名称", "股票简称", "证券简称"),
    "initials": ("拼音", "首字母"),
    "day": ("date", "日期", "交易日期"),
    "open": ("开盘", "开盘价"),
    "high": ("最高", "最高价"),
    "low": ("最低", "最低价"),
    "close": ("收盘", "收盘价"),
    "volume": ("成交量",),
    "turnover": ("turnover_percent", "换手率"),
}
_COLUMN_OF: Final = {alias: column for column, aliases in ALIASES.items() for alias in (column, *aliases)}

_CODE = re.compile(r"[0-9]{6}").fullmatch
_PRICE = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,2}0*)?").fullmatch
_VOLUME = re.compile(r"([0-9]{1,15})(?:\.0*)?").fullmatch
_TURNOVER = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,2}[0-9]*)?").fullmatch
_INITIALS = re.compile(r"[A-Z0-9]*").fullmatch
FIRST_YEAR, LAST_YEAR = 1990, 2100  # the first of today's exchanges opened in December 1990


class FileError(Exception):
    """A file cannot be read at all; the message says why."""


class Bar(NamedTuple):
    """One line: a stock's day. Prices are still text, as the database takes them; an optional column may be empty."""

    code: str
    name: str
    initials: str
    day: date
    open: str
    high: str
    low: str
    close: str
    volume: int
    turnover: str


class QuoteFile:
    """Iterate over the lines of a file: number and bar, or number and the reason why it is none."""

    def __init__(self, file: BufferedReader, encoding: str = "auto") -> None:
        self._file = gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == GZIP else file
        self._encoding = encoding

    def __iter__(self) -> Iterator[tuple[int, Bar | str]]:
        try:
            yield from self._bars()
        except (OSError, EOFError, zlib.error) as error:
            raise FileError(f"the file breaks off or is damaged: {error}") from error

    def _bars(self) -> Iterator[tuple[int, Bar | str]]:
        if self._encoding == "auto":
            self._encoding = sniffed(self._file.peek(SNIFFED))
        lines = self._lines()
        number, names = next(lines, (0, ""))
        parse = parser(split(names.removeprefix("\ufeff")))
        for number, line in lines:
            try:
                yield number, parse(split(line))
            except ValueError as error:
                yield number, str(error)

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that are neither empty nor comments; bytes that are no characters become surrogates."""
        number = 0
        while line := self._file.readline(LINE_LIMIT):
            number += 1
            if len(line) == LINE_LIMIT and not line.endswith(b"\n"):
                line = b"." * LINE_LIMIT  # as long as it takes to be refused, and no longer
                while (rest := self._file.readline(LINE_LIMIT)) and not rest.endswith(b"\n"):
                    pass
            text = line.decode(self._encoding, "surrogateescape").strip("\r\n")
            if text and not text.startswith("#"):
                yield number, text


def sniffed(beginning: bytes) -> str:
    """Return the encoding of a file by its beginning: what is valid UTF-8 is no GB 18030 by more than chance."""
    try:
        # Not the last line: it may be cut in the middle of a character.
        beginning.rpartition(b"\n")[0].decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def split(line: str) -> list[str]:
    """Return the fields of a line; raises ValueError."""
    if len(line) >= LINE_LIMIT:
        raise ValueError(f"longer than {LINE_LIMIT} bytes")
    if any("\ud800" <= character <= "\udfff" for character in line):
        raise ValueError("not in the file's encoding (see --encoding)")
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from error


def parser(header: list[str]) -> Callable[[list[str]], Bar]:
    """Return what makes a bar of a line's fields under this header; raises FileError when columns are missing."""
    columns = [_COLUMN_OF.get(name.strip().lower(), "") for name in header]
    if missing := [name for name in REQUIRED if name not in columns]:
        raise FileError(f"no column for {', '.join(missing)} in the first line")
    if twice := {name for name in columns if name and columns.count(name) > 1}:
        raise FileError(f"more than one column for {', '.join(sorted(twice))}")
    places = [columns.index(name) if name in columns else len(columns) for name in Bar._fields]

    def parse(fields: list[str]) -> Bar:
        if len(fields) != len(columns):
            raise ValueError(f"{len(fields)} fields instead of {len(columns)}")
        fields = [*map(str.strip, fields), ""]
        return checked(*[fields[place] for place in places])

    return parse


def checked(  # noqa: PLR0917 - the fields of a bar, in their order
    code: str,
    name: str,
    initials: str,
    day: str,
    opening: str,
    high: str,
    low: str,
    close: str,
    volume: str,
    turnover: str,
) -> Bar:
    """Return the bar that these texts tell; raises ValueError with the first reason why they tell none."""
    if not _CODE(code):
        raise ValueError(f"code {code!r} is not six digits")
    for column, price in zip(NUMBERS, (opening, high, low, close), strict=True):
        if not _PRICE(price) or not float(price):
            raise ValueError(f"{column} {price!r} is not a price above 0 with at most two decimals")
    if not float(low) <= min(float(opening), float(close)) <= max(float(opening), float(close)) <= float(high):
        raise ValueError(f"open {opening} and close {close} are not between low {low} and high {high}")
    shares = _VOLUME(volume)
    if not shares:
        raise ValueError(f"volume {volume!r} is not a whole number")
    if turnover and not _TURNOVER(turnover):
        raise ValueError(f"turnover {turnover!r} is not a percentage")
    check_names(name, initials)
    return Bar(code, name, initials.upper(), parsed_day(day), opening, high, low, close, int(shares[1]), turnover)


def check_names(name: str, initials: str) -> None:
    """Raise ValueError for a name or initials that the site cannot show."""
    if len(name) > NAME_LIMIT or not name.isprintable():
        raise ValueError(f"name {name!r} is longer than {NAME_LIMIT} characters, or not printable")
    if len(initials) > INITIALS_LIMIT or not _INITIALS(initials.upper()):
        raise ValueError(f"initials {initials!r} are not up to {INITIALS_LIMIT} letters and digits")


def parsed_day(text: str) -> date:
    """Return the day that `2026-01-31`, `20260131` or `2026/1/31` names; raises ValueError."""
    try:
        day = date(*map(int, text.split("/"))) if "/" in text else date.fromisoformat(text)
    except (ValueError, TypeError):
        raise ValueError(f"day {text!r} is not a date such as 2026-01-31") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"day {text} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return day

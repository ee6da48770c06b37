from __future__ import annotations

import gzip
import io
import os
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, make_url, select

from app import quotefile
from app.__main__ import main
from app.database import maintenance_engine
from app.listing import Wanted, listing
from app.quotefile import Bar, FileError, QuoteFile
from app.tables import bars, market, stocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = "code,name,day,open,high,low,close,volume\n"
GOOD = "000007,月钩食品,2026-11-02,6.60,7.00,6.50,6.90,1000\n"
NEW = "999001,新来的鱼,2026-11-02,1.00,1.20,0.90,1.10,5000\n999001,,2026-11-03,1.10,1.30,1.05,1.21,6000\n"


@pytest.fixture
def import_(tmp_path: Path, seeded_file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Import what is given, text in UTF-8 or bytes as they are, into a seeded database."""
    (tmp_path / "minnow.db").write_bytes(seeded_file.read_bytes())
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/minnow.db")

    def run(*contents: str | bytes, options: tuple[str, ...] = ()) -> int:
        files = [tmp_path / f"{number}.csv" for number in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return main(["import", *options, *map(str, files)])

    return run


def state(code: str = "") -> dict[str, object]:
    """Return what the database that DATABASE_URL names holds: counts and version, or the row of a stock."""
    engine = maintenance_engine(make_url(os.environ["DATABASE_URL"]))
    try:
        with engine.connect() as connection:
            if code:
                return dict(connection.execute(select(stocks).where(stocks.c.code == code)).one()._mapping)
            count = {
                t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (bars, stocks)
            }
            return {**count, "version": connection.execute(select(market.c.version)).scalar_one()}
    finally:
        engine.dispose()


def found(query: str) -> list[str]:
    """Return the codes of the stocks that a search finds in the database that DATABASE_URL names."""
    engine = maintenance_engine(make_url(os.environ["DATABASE_URL"]))
    try:
        with engine.connect() as connection:
            return [line[0] for line in listing(connection, Wanted(query=query)).found]
    finally:
        engine.dispose()


def test_names_are_found(import_: Callable[..., int]) -> None:
    """New stocks are found by any part of their names, renamed ones by the new name and no longer by the old one."""
    assert import_(HEADER + GOOD.replace("月钩食品", "改了名") + "bad") == 1
    assert (found("改了"), found("月钩食品")) == ([], ["000007"])
    twice = "999002,先叫,2026-11-02,1.00,1.20,0.90,1.10,1\n999002,后叫,2026-11-03,1.00,1.20,0.90,1.10,1\n"
    assert import_(HEADER + NEW + twice + GOOD.replace("月钩食品", "改了名")) == 0
    assert (found("来的"), found("改了"), found("月钩食品")) == (["999001"], ["000007"], [])
    assert "999001" in found("鱼")
    assert (found("先叫"), found("后叫")) == ([], ["999002"])


def test_import(import_: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """A file's bars are added, new stocks with them, and all quotes follow from the bars, under one new version."""
    before = state()
    assert import_(HEADER + GOOD + NEW) == 0
    assert capsys.readouterr().out.endswith("3 bars of 2 stocks imported.\n")
    after = state()
    assert after == {"bars": before["bars"] + 3, "stocks": before["stocks"] + 1, "version": before["version"] + 1}
    known, new = state("000007"), state("999001")
    assert (known["price"], known["change_percent"], known["volume"]) == (Decimal("6.90"), Decimal("4.86"), 1000)
    assert str(known["recent"]).endswith(",6.58,6.90")
    assert (known["version"], new["version"]) == (after["version"],) * 2
    assert (new["name"], new["initials"], new["recent"]) == ("新来的鱼", "XLDY", "1.10,1.21")
    assert (new["price"], new["change_percent"]) == (Decimal("1.21"), Decimal("10.00"))
    assert (new["previous_high"], str(new["previous_high_on"])) == (Decimal("1.30"), "2026-11-03")


def test_the_same_file_twice(import_: Callable[..., int]) -> None:
    """Importing again replaces the bars of the same days: a mended file mends the database."""
    assert import_(HEADER + GOOD) == 0
    count = state()["bars"]
    assert import_(HEADER + GOOD.replace("6.90", "6.95")) == 0
    assert (state()["bars"], state("000007")["price"]) == (count, Decimal("6.95"))


BAD = [
    ("7,,2026-11-02,1,1,1,1,1", "code '7' is not six digits"),
    ("000007,,2026-11-31,1,1,1,1,1", "day '2026-11-31' is not a date"),
    ("000007,,1889-11-30,1,1,1,1,1", "between 1990 and 2100"),
    ("000007,,2026-11-02,x,1,1,1,1", "open 'x' is not a price"),
    ("000007,,2026-11-02,1,1.234,1,1,1", "high '1.234' is not a price"),
    ("000007,,2026-11-02,1,1,-1,1,1", "low '-1' is not a price"),
    ("000007,,2026-11-02,1,1,1,0,1", "close '0' is not a price above 0"),
    ("000007,,2026-11-02,1,1,1,NaN,1", "close 'NaN' is not a price"),
    ("000007,,2026-11-02,5,4,1,2,1", "not between low 1 and high 4"),
    ("000007,,2026-11-02,1,1,1,1,1.5", "volume '1.5' is not a whole number"),
    ("000007,,2026-11-02,1,1,1,1", "7 fields instead of 8"),
    ("000007,,2026-11-02,1,1,1,1,1,9", "9 fields instead of 8"),
    ('000007,"open,2026-11-02,1,1,1,1,1', "not CSV"),
    ("000007,一二三四五六七八九十甲,2026-11-02,1,1,1,1,1", "longer than 10 characters"),
    ("999002,,2026-11-02,1,1,1,1,1", "999002 is a new stock"),
    (GOOD.strip(), "a second bar of 000007 on 2026-11-02"),
    ("x" * 5000, "longer than 4096 bytes"),
]


def test_all_or_nothing(import_: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """Of a file with bad lines nothing is imported, and each of them is reported with its number and reason."""
    before = state()
    lines = "".join(f"{line}\n" for line, _ in BAD)
    assert import_(f"# a comment\n{HEADER}\n{GOOD}{lines}{NEW}") == 1
    *reported, last = capsys.readouterr().err.splitlines()
    assert len(reported) == len(BAD)
    for number, (line, (_, reason)) in enumerate(zip(reported, BAD, strict=True), 5):
        assert f"0.csv:{number}: " in line
        assert reason in line
    assert f"{len(BAD)} of {len(BAD) + 3} lines are bad; nothing of it was imported" in last
    assert state() == before


def test_files_are_apart(import_: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """A good file before a bad one stays imported, and the message says so."""
    before = state()
    assert import_(HEADER + GOOD, HEADER + "x\n") == 1
    assert state()["bars"] == before["bars"] + 1
    *_, bad, good = capsys.readouterr().err.splitlines()
    assert "1.csv: 1 of 1 lines are bad" in bad
    assert "0.csv: 1 bars of 1 stocks imported" in good


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + GOOD).encode("utf-8-sig"),
        (HEADER + GOOD).encode("gb18030"),
        (HEADER + GOOD).replace("\n", "\r\n").encode(),
        gzip.compress((HEADER + GOOD).encode()),
        gzip.compress((HEADER + GOOD).encode("gb18030")),
        (HEADER + GOOD.strip()).encode(),
        "成交量,收盘价,最低,最高,开盘,日期,名称,代码,别的\n1000,6.9,6.5,7,6.600,2026/11/2,月钩食品,000007,x\n".encode(
            "gb18030"
        ),
        b'VOLUME,close,low,high,open,Date,code,turnover\n1000.0, 6.9,6.5,7,6.60,20261102,"000007",1.23\n',
    ],
    ids=["bom", "gb18030", "crlf", "gzip", "gzip-gb18030", "no-last-newline", "chinese-columns", "english-columns"],
)
def test_what_is_understood(import_: Callable[..., int], content: bytes) -> None:
    """Encodings, packing, line ends and columns by name: the same bar comes out."""
    assert import_(content) == 0
    row = state("000007")
    assert (row["name"], row["price"], row["previous_high"], row["volume"]) == (
        "月钩食品",
        Decimal("6.90"),
        Decimal("8.63"),
        1000,
    )


def test_the_encoding_may_be_told(import_: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """What is in another encoding than was told is a bad line, not a wrong name."""
    content = (HEADER + GOOD).encode("gb18030")
    assert import_(content, options=("--encoding", "utf-8")) == 1
    assert "not in the file's encoding" in capsys.readouterr().err
    assert import_(content, options=("--encoding", "gb18030")) == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column for code, day, open, high, low, close, volume"),
        (b"code,day,open,high,low,close\n", "no column for volume"),
        (b"code,day,date,open,high,low,close,volume\n", "more than one column for day"),
        (gzip.compress((HEADER + GOOD).encode() * 5000)[:-300], "breaks off or is damaged"),
        (b"\x1f\x8bnonsense", "breaks off or is damaged"),
    ],
)
def test_files_that_are_none(
    import_: Callable[..., int], capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    """A file that cannot be read changes nothing and says why in one line."""
    before = state()
    assert import_(content) == 1
    assert words in capsys.readouterr().err.splitlines()[-1]
    assert state() == before


def test_no_such_file(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that leads nowhere is one line."""
    assert main(["import", "/nowhere.csv"]) == 1
    assert "cannot read /nowhere.csv" in capsys.readouterr().err


def test_names_follow(import_: Callable[..., int]) -> None:
    """A stock that was renamed has its new name and initials after the import."""
    assert import_(HEADER + GOOD.replace("月钩食品", "*ST月钩")) == 0
    row = state("000007")
    assert (row["name"], row["initials"]) == ("*ST月钩", "STYG")


def test_initials_of_the_file(import_: Callable[..., int]) -> None:
    """Initials that the file brings count more than those that are derived."""
    header = HEADER.replace("name", "name,initials")
    assert import_(header + NEW.replace("新来的鱼", "新来的鱼,xldyu").replace(",,", ",,,")) == 0
    assert state("999001")["initials"] == "XLDYU"


def test_memory_is_bounded() -> None:
    """Bars are yielded while the file is read: nobody holds it as a whole."""
    line = GOOD.encode()

    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any buffer will do
            data = (line * (len(buffer) // len(line) + 1))[: len(buffer)] if self.given else HEADER.encode()
            buffer[: len(data)] = data
            self.given += len(data)
            return len(data)

    source = Endless()
    lines = iter(QuoteFile(io.BufferedReader(source, quotefile.SNIFFED)))
    for _ in range(10):
        _, bar = next(lines)
        assert isinstance(bar, Bar)
    assert source.given < 3 * quotefile.SNIFFED


def test_stdin(import_: Callable[..., int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A dash is standard input."""
    (tmp_path / "in.csv").write_text(HEADER + GOOD, encoding="utf-8")
    with (tmp_path / "in.csv").open() as file:
        saved = os.dup(0)
        os.dup2(file.fileno(), 0)
        try:
            assert main(["import", "-"]) == 0
        finally:
            os.dup2(saved, 0)
            os.close(saved)
    assert state("000007")["price"] == Decimal("6.90")


def test_progress_on_a_terminal(
    import_: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where somebody watches there is a bar, which leaves the line clean; a log gets none."""
    assert import_(HEADER + GOOD) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert import_(HEADER + GOOD) == 0
    shown = capsys.readouterr().err
    assert "[########################################] 100%" in shown
    assert shown.endswith("\r\x1b[K")


def test_a_file_error_is_no_bad_line() -> None:
    """A header without its columns stops the reading at once."""
    with pytest.raises(FileError):
        next(iter(QuoteFile(io.BufferedReader(io.BytesIO(b"a,b\n")))))

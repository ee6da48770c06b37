from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

import app
from app import formats
from app.i18n import LANGUAGES, load_translators

CATALOGUE = tomllib.loads((app.ROOT / "app" / "messages.toml").read_text(encoding="utf-8"))
SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for folder, pattern in (("templates", "*.html"), ("app", "**/*.py"))
    for path in Path(app.ROOT / folder).glob(pattern)
)


@pytest.mark.parametrize("key", CATALOGUE)
def test_both_languages(key: str) -> None:
    """A message has both languages with the same blanks to fill, and somebody uses it."""
    forms = CATALOGUE[key]
    assert set(forms) == set(LANGUAGES)
    assert all(forms.values())
    blanks = [set(re.findall(r"\{(\w+)\}", form)) for form in forms.values()]
    assert blanks[0] == blanks[1]
    assert re.search(rf"""["']{key}["']""", SOURCES)


def test_no_message_is_missing() -> None:
    """What the templates ask for is in the catalogue."""
    asked = re.findall(r"""["'](\w+)["'] \| t\b""", SOURCES)
    assert set(asked) <= set(CATALOGUE)
    assert len(set(asked)) > 20


def test_translator() -> None:
    """A translator fills blanks in and fails on a key that is not there."""
    translators = load_translators()
    assert translators["zh"]("count", count=3) == "共 3 支"
    with pytest.raises(KeyError):
        translators["en"]("no such key")


@pytest.mark.parametrize(
    ("value", "expected", "direction"),
    [
        ("1.3", "+1.30%", "up"),
        ("-1.3", "\N{MINUS SIGN}1.30%", "down"),
        ("0", "0.00%", "flat"),
        ("-0.00", "0.00%", "flat"),
    ],
)
def test_signed_percent(value: str, expected: str, direction: str) -> None:
    """A change has its sign, and nothing at all has none."""
    assert formats.signed_percent(Decimal(value)) == expected
    assert formats.direction(Decimal(value)) == direction


def test_money() -> None:
    """Prices have two decimals and their thousands apart."""
    assert formats.money(Decimal("1234.5")) == "1,234.50"

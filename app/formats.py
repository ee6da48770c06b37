"""Numbers as a reader wants them. The sign is U+2212, as wide as the plus: columns stay straight."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def percent(value: Decimal) -> str:
    """Return `1.30%`."""
    return f"{value:.2f}%"


def signed_percent(value: Decimal) -> str:
    """Return `+1.30%`, `\N{MINUS SIGN}1.30%` or `0.00%`."""
    return (f"{value:+.2f}%" if value else "0.00%").replace("-", "\N{MINUS SIGN}")


def money(value: Decimal) -> str:
    """Return `1,234.50`."""
    return f"{value:,.2f}"


def thousands(value: int) -> str:
    """Return `1,234,500`."""
    return f"{value:,}"


def direction(value: Decimal) -> str:
    """Return `up`, `down` or `flat`: the class that a style sheet colours."""
    if value > 0:
        return "up"
    return "down" if value < 0 else "flat"

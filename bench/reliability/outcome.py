"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Outcome:
    """The claims of one check, each true or not, and the figures behind them."""

    name: str
    claims: dict[str, bool] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    skipped: str = ""
    """Why it could not be made here; "" when it was."""

    @property
    def kept(self) -> bool:
        """Whether every claim is true."""
        return all(self.claims.values())

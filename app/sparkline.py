"""The small line beside a stock: its last closes as the path of an SVG, drawn by the template."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

WIDTH: Final = 60  # units of the view box, whatever the number of closes
HEIGHT: Final = 16


# The text of the closes is the key: they change once a day, and a page draws more than a hundred of them.
@lru_cache(maxsize=8192)
def sparkline(recent: str) -> str:
    """Return the path of closes given as `14.20,14.33,…`, oldest first; nothing for less than two.

    Steps are whole numbers relative to the last point: half the bytes, and they compress well.
    """
    closes = [float(close) for close in recent.split(",") if close]
    if len(closes) < 2:  # noqa: PLR2004 - a line needs two points
        return ""
    low, high = min(closes), max(closes)
    scale = HEIGHT / (high - low) if high > low else 0
    points = [
        (round(number * WIDTH / (len(closes) - 1)), round((high - close) * scale) if scale else HEIGHT // 2)
        for number, close in enumerate(closes)
    ]
    steps = (f"{x2 - x1} {y2 - y1}" for (x1, y1), (x2, y2) in pairwise(points))
    return f"M0 {points[0][1]}l{' '.join(steps)}".replace(" -", "-")

"""A bar chart as SVG, made of strings: one bar a name, for readers of a Markdown page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from harness.report import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLOURS = ("#33658a", "#86bbd8", "#f6ae2d", "#f26419")
BAR, GAP, LEFT, WIDTH, RIGHT, TOP = 14, 10, 130, 480, 90, 64


def bars(title: str, series: Sequence[str], values: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG document: for each name one horizontal bar a series, their lengths in proportion."""
    longest = max((value for row in values.values() for value in row), default=1) or 1
    group = BAR * len(series) + GAP
    height = TOP + group * len(values)
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="22" font-size="15">{escape(title)}</text>',
    ]
    for i, name in enumerate(series):
        parts.append(f'<rect x="{LEFT + i * 160}" y="34" width="12" height="12" fill="{COLOURS[i]}"/>')
        parts.append(f'<text x="{LEFT + 18 + i * 160}" y="44">{escape(name)}</text>')
    for row, (name, found) in enumerate(values.items()):
        top = TOP + row * group
        parts.append(f'<text x="{LEFT - 8}" y="{top + group / 2}" text-anchor="end">{escape(name)}</text>')
        for i, value in enumerate(found):
            length = max(1, WIDTH * value / longest)
            y = top + i * BAR
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{COLOURS[i]}"/>')
            parts.append(f'<text x="{LEFT + length + 5:.1f}" y="{y + BAR - 4}">{number(value)}</text>')
    return "\n".join([*parts, "</svg>\n"])

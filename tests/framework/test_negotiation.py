"""What the client prefers."""

from __future__ import annotations

import pytest

from framework.negotiation import accepts, best_language, parse_preferences


@pytest.mark.parametrize(
    ("header", "wishes"),
    [
        ("", []),
        ("zh-CN,zh;q=0.9, en;q=0.8", [("zh-CN", 1.0), ("zh", 0.9), ("en", 0.8)]),
        ("en;q=0.1, zh", [("zh", 1.0), ("en", 0.1)]),
        ("a;q=x, b;q=2, c;q=nan, d;level=1;q=0.5", [("d", 0.5)]),
    ],
)
def test_parse_preferences(header: str, wishes: list[tuple[str, float]]) -> None:
    """Wishes come best first; those of equal weight keep their order, and nonsense is passed over."""
    assert parse_preferences(header) == wishes


@pytest.mark.parametrize(
    ("header", "available", "language"),
    [
        ("", "en zh", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "en zh", "zh"),
        ("zh-Hans-CN", "en zh", "zh"),
        ("ZH", "en zh-CN", "zh-CN"),
        ("de, en;q=0.1", "zh en", "en"),
        ("de", "zh en", "zh"),
        ("de, *;q=0.5", "zh en", "zh"),
        ("*, zh;q=0", "zh en", "en"),
        ("en;q=0, zh;q=0", "zh en", "zh"),
        ("zh-TW, en", "zh en", "zh"),
    ],
)
def test_best_language(header: str, available: str, language: str) -> None:
    """The best wish that is available wins; the first language stands in for all others."""
    assert best_language(header, available.split()) == language


@pytest.mark.parametrize(
    ("header", "weight"),
    [
        ("", 1.0),
        ("*/*", 1.0),
        ("text/html", 1.0),
        ("text/*;q=0.5, */*;q=0.1", 0.5),
        ("text/html;q=0, */*", 0.0),
        ("application/json", 0.0),
    ],
)
def test_accepts(header: str, weight: float) -> None:
    """The closest range decides."""
    assert accepts(header, "text/html") == weight

"""Content negotiation: what the client prefers (RFC 9110 §12.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse_preferences(header: str) -> list[tuple[str, float]]:
    """Return the wishes of an ``Accept…`` field with their weights, best first; nonsense is passed over."""
    wishes = []
    for part in header.split(","):
        value, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((_weight(p[2:]) for p in parameters if p[:2].lower() == "q="), 1.0)
        if value and weight is not None:
            wishes.append((value, weight))
    return sorted(wishes, key=lambda wish: -wish[1])


def _weight(text: str) -> float | None:
    try:
        weight = float(text)
    except ValueError:
        return None
    return weight if 0 <= weight <= 1 else None


def best_language(header: str, available: Sequence[str]) -> str:
    """Return the language of ``available`` that an ``Accept-Language`` field likes best, else the first.

    ``zh-Hans-CN`` finds ``zh`` (lookup, RFC 4647 §3.4), and ``zh`` finds ``zh-CN`` (filtering, §3.3.1).
    """
    by_tag = {tag.lower(): tag for tag in available}
    refused = {wish.lower() for wish, weight in parse_preferences(header) if weight == 0}
    for wish, weight in parse_preferences(header):
        if weight == 0:
            break
        for tag in by_tag if wish == "*" else _candidates(wish.lower(), by_tag):
            if tag not in refused:
                return by_tag[tag]
    return available[0]


def _candidates(wish: str, tags: dict[str, str]) -> list[str]:
    pieces = wish.split("-")
    shorter = ["-".join(pieces[:end]) for end in range(len(pieces), 0, -1)]
    longer = [tag for tag in tags if tag.startswith(f"{wish}-")]
    return [tag for tag in shorter[:1] + longer + shorter[1:] if tag in tags]


def accepts(header: str, media_type: str) -> float:
    """Return the weight that an ``Accept`` field gives to a media type, 0 to 1; the closest range decides."""
    if not header.strip():
        return 1.0
    weights = {wish.lower(): weight for wish, weight in parse_preferences(header)}
    for pattern in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        if pattern in weights:
            return weights[pattern]
    return 0.0

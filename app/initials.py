"""The first letter of each syllable of a Chinese name, as people type it to find a stock: 小鱼股份 → XYGF.

GB 2312 puts its 3,755 most used characters in the order of their pinyin, so where a character stands tells its letter.
The rarer ones stand in the order of their radicals and get none; a character of several readings gets the one that
GB 2312 files it under. Where that is not good enough, an import may bring initials of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from app.tables import INITIALS_LIMIT

# The first character of each letter; no syllable begins with I, U or V.
_FIRST: Final = "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
_LETTERS: Final = "ABCDEFGHJKLMNOPQRSTWXYZ"
_STARTS: Final = [character.encode("gb2312") for character in _FIRST]
# Common in names of companies, and read otherwise than GB 2312 files their characters.
_READINGS: Final = {"银行": "YH", "重庆": "CQ", "厦门": "XM"}
_BEYOND: Final = b"\xd7\xfa"  # the first code after the last of them, 座


def initials_of(name: str) -> str:
    """Return the initials of a name in upper case; ASCII letters and digits stand for themselves."""
    for word, letters in _READINGS.items():
        name = name.replace(word, letters)
    return "".join(map(_initial, name))[:INITIALS_LIMIT]


def _initial(character: str) -> str:
    if character.isascii():
        return character.upper() if character.isalnum() else ""
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return ""
    return _LETTERS[bisect_right(_STARTS, code) - 1] if _STARTS[0] <= code < _BEYOND else ""

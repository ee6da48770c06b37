"""docs/settings.md, written from the declared settings."""

from collections.abc import Iterator

from server.config import BYTES, Declared, declared
from server.errors import EXIT_CODES

_ONE = {"processes": "process"}

_HEAD = f"""\
# Settings of the server

This page is generated from `server/config.py` by `python -m server --print-settings-page`; a test holds them together.

A flag wins over its environment variable, that over the key in the file given by `--config FILE` (or `MINNOW_CONFIG`),
that over the default. Several values are separated by commas in a variable, a list in the file, and a repeated flag.
Sizes take K, M and G (powers of 1,024). An empty variable counts as unset.
`python -m server --print-config` prints what holds, and where each value comes from.

A setting that is wrong ends the start with one line that says so. Exit codes: {EXIT_CODES}.
"""


def settings_page() -> str:
    """Return the page as Markdown."""
    return _HEAD + "".join(f"\n{section}" for section in map(_section, declared()))


def _section(one: Declared) -> str:
    return "\n".join(
        [
            f"## {one.key}",
            "",
            f"{_sentence(one.setting.help)}",
            "",
            *(f"- {name}: {value}" for name, value in _facts(one)),
            "",
        ]
    )


def _facts(one: Declared) -> Iterator[tuple[str, str]]:
    yield "flag", f"`{one.flag}`" + (f", form `{one.setting.form}`" if one.setting.form else "")
    yield "variable", f"`{one.variable}`"
    yield "default", _default(one)
    if one.setting.choices:
        yield "values", ", ".join(f"`{each}`" for each in one.setting.choices)
    if one.setting.least is not None:
        unit = " value" if one.several else ""
        yield (
            "at least",
            f"{one.setting.least:,}{unit}" + (f", at most {one.setting.most:,}" if one.setting.most else ""),
        )
    yield "why", one.setting.why


def _default(one: Declared) -> str:
    if one.default in ("", ()):
        return "none"
    if one.several:
        return ", ".join(f"`{each}`" for each in one.default)
    if isinstance(one.default, bool):
        return "on" if one.default else "off"
    unit = one.setting.unit
    if unit == BYTES and one.default % 1024 == 0:
        size = one.default >> 20 if one.default % (1 << 20) == 0 else one.default >> 10
        return f"{size}{'M' if one.default % (1 << 20) == 0 else 'K'} ({one.default:,} bytes)"
    if unit:
        return f"{one.default:,g} {unit if one.default != 1 else _ONE.get(unit, unit)}"
    return f"`{one.default}`"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."

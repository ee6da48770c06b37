"""Where a setting's value comes from: a flag, else the environment, else the configuration file, else its default.

Whatever the source, a value passes the same conversion and the same checks, and a complaint names the source.
"""

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from server.config import BYTES, SECONDS, Declared, Settings, declared
from server.errors import ConfigError
from server.values import parse_seconds, parse_size, parse_switch, parse_whole


@dataclass(frozen=True, slots=True)
class Source:
    """Raw values by key, and how to call a key of this source in a message."""

    found: Mapping[str, object]
    name: Callable[[Declared], str]


class Resolved(NamedTuple):
    """Settings, and for each key that is not at its default the name of the source it came from."""

    settings: Settings
    origins: dict[str, str]


def from_flags(parsed: Mapping[str, object]) -> Source:
    """Take the command line's values; None means that a flag was not given."""
    return Source({key: raw for key, raw in parsed.items() if raw is not None}, lambda one: one.flag)


def from_environment(environ: Mapping[str, str]) -> Source:
    """Take the `MINNOW_*` variables; an empty one counts as unset, since Compose passes unset ones as empty."""
    return Source(
        {one.key: environ[one.variable] for one in declared() if environ.get(one.variable)},
        lambda one: one.variable,
    )


def misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable that is nearly a setting's.

    Others are none of our business: Kubernetes gives each container some for every service, MINNOW_PORT for one.
    """
    known = [one.key for one in declared()]
    for name in environ:
        key = name.removeprefix("MINNOW_").lower()
        close = get_close_matches(key, known, n=1, cutoff=0.8)
        if name.startswith("MINNOW_") and close and key not in (*known, "config"):
            yield f"{name} is not a known variable (did you mean MINNOW_{close[0].upper()}?)"


def from_arguments(arguments: Mapping[str, object]) -> Source:
    """Take keyword arguments, those of `serve()` for one. Raise ConfigError for an unknown one."""
    _refuse_unknown(arguments, "", "argument")
    return Source(arguments, lambda one: one.key)


def from_file(path: str, *, named_by: str = "--config") -> Source:
    """Read a TOML file. Raise ConfigError when it cannot be read or holds an unknown key."""
    try:
        found = tomllib.loads(Path(path).read_text("utf-8-sig"))  # editors of Windows begin a file with a mark
    except OSError as error:
        raise ConfigError(f"{named_by}: cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise ConfigError(f"{named_by}: {path} is not TOML: {error}") from None
    _refuse_unknown(found, f"{path}: ", "setting")
    return Source(found, lambda one: f"{path}: {one.key}")


def resolve(sources: Sequence[Source], choices: Mapping[str, Sequence[str]]) -> Resolved:
    """Settle every setting, the first source that has it winning.

    `choices` lists the values of settings whose choices are known only elsewhere, the models for one.
    Raises ConfigError with one line that names the source and what is wrong.
    """
    chosen: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for one in declared():
        source = next((each for each in sources if one.key in each.found), None)
        if source is None:
            continue
        origins[one.key] = source.name(one)
        try:
            chosen[one.key] = convert(_narrowed(one, choices), source.found[one.key])
        except ValueError as error:
            raise ConfigError(f"{origins[one.key]}: {error}") from None
    return Resolved(Settings(**chosen), origins)


def convert(one: Declared, raw: object) -> object:
    """Turn a raw value into the setting's type and check it. Raise ValueError with half a sentence."""
    if one.several:
        return _checked_list(one, _listed(raw))
    value = _scalar(one, raw)
    if isinstance(value, str):
        return _checked_text(one, value)
    return _checked_number(one, value)


def _narrowed(one: Declared, choices: Mapping[str, Sequence[str]]) -> Declared:
    if one.key not in choices:
        return one
    return replace(one, setting=replace(one.setting, choices=tuple(choices[one.key])))


def _scalar(one: Declared, raw: object) -> Any:
    """Give the setting's own type to a text, or insist that the value has it."""
    wanted = type(one.default)
    if isinstance(raw, str) and wanted is not str:
        return _text_parser(one)(raw)
    if wanted is float and type(raw) is int:
        return float(raw)
    if type(raw) is not wanted:  # not isinstance: true is no number here
        raise ValueError(f"{raw!r} is not {_KIND[wanted]}")
    return raw


_KIND = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _text_parser(one: Declared) -> Callable[[str], object]:
    if one.setting.unit == BYTES:
        return parse_size
    if one.setting.unit == SECONDS:
        return parse_seconds
    return parse_switch if isinstance(one.default, bool) else parse_whole


def _listed(raw: object) -> Iterable[object]:
    """Make a list of a value: the environment separates by commas, files and flags have lists."""
    if isinstance(raw, str):
        return [part.strip() for part in raw.split(",") if part.strip()]
    if isinstance(raw, (list, tuple)):
        return raw
    raise ValueError(f"{raw!r} is not a list of texts")


def _checked_list(one: Declared, values: Iterable[object]) -> tuple[str, ...]:
    checked = tuple(_checked_text(one, each) for each in values)
    if len(checked) < (one.setting.least or 0):
        raise ValueError(f"is empty (at least {one.setting.least:g} value is wanted)")
    return checked


def _checked_text(one: Declared, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a text")  # noqa: TRY004 - every complaint here is a ValueError
    choices = one.setting.choices
    if choices and value not in choices:
        raise ValueError(f"{value!r} is not one of {', '.join(choices)}{did_you_mean(value, choices)}")
    one.setting.check(value)
    return value


def _checked_number(one: Declared, value: float) -> float:
    least, most = one.setting.least, one.setting.most
    unit = f" {one.setting.unit}" if one.setting.unit in (BYTES, SECONDS) else ""
    if not (isinstance(value, int) or math.isfinite(value)):
        raise ValueError(f"{value} is not a finite number")
    if least is not None and value < least:
        raise ValueError(f"{_plain(value)} is too small (at least {least:,}{unit})")
    if most is not None and value > most:
        raise ValueError(f"{_plain(value)} is too large (at most {most:,}{unit})")
    return value


def _plain(value: float) -> str:
    """Write a number as its user did: 2000, not 2e+03 nor 2000.0."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def _refuse_unknown(found: Mapping[str, object], where: str, noun: str) -> None:
    known = [one.key for one in declared()]
    for key in found:
        if key not in known:
            raise ConfigError(f"{where}{key} is not a known {noun}{did_you_mean(key, known)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean …?)" for the closest known word, or "" when none is close."""
    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""

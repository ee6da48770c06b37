"""Where values come from, which source wins, and what is said of a bad one."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from server.config import Settings
from server.errors import ConfigError
from server.sources import Resolved, from_arguments, from_environment, from_file, from_flags, resolve

MODELS = {"model": ("coroutine", "thread")}


def settle(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None, file: str | None = None
) -> Resolved:
    """Resolve as the command line does."""
    sources = [from_flags(flags or {}), from_environment(environ or {})]
    if file is not None:
        sources.append(from_file(file))
    return resolve(sources, MODELS)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    """Name a file for the configuration."""
    return tmp_path / "minnow.toml"


def test_without_any_source_all_is_default() -> None:
    """Nothing given is the declared settings, with no origins."""
    assert settle() == Resolved(Settings(), {})


@pytest.mark.parametrize(
    ("flags", "environ", "expected", "origin"),
    [
        ({"workers": "4"}, {"MINNOW_WORKERS": "3"}, 4, "--workers"),
        ({"workers": None}, {"MINNOW_WORKERS": "3"}, 3, "MINNOW_WORKERS"),
        ({}, {"MINNOW_WORKERS": ""}, 2, "{file}: workers"),
        ({}, {}, 2, "{file}: workers"),
    ],
)
def test_flag_wins_over_environment_over_file(
    toml: Path, flags: dict[str, object], environ: dict[str, str], expected: int, origin: str
) -> None:
    """The first source that has a value gives it, and is remembered; an empty variable counts as unset."""
    toml.write_text("workers = 2\n")
    settings, origins = settle(flags, environ, str(toml))
    assert settings.workers == expected
    assert origins == {"workers": origin.format(file=toml)}


def test_a_file_gives_every_type(toml: Path) -> None:
    """TOML's own types are taken, a whole number for seconds too, and a size as a text."""
    toml.write_text(
        'app = "a:b"\nbind = ["[::1]:0", "unix:/x"]\nreuse_port = true\ngrace = 5\nbody_limit = "1M"\nthreads = 7\n'
    )
    settings = settle(file=str(toml)).settings
    assert settings == Settings(
        app="a:b", bind=("[::1]:0", "unix:/x"), reuse_port=True, grace=5.0, body_limit=1 << 20, threads=7
    )


def test_the_environment_separates_lists_by_commas() -> None:
    """Blanks around a comma do not count."""
    settings = settle(environ={"MINNOW_TRUSTED_PROXIES": "10.0.0.0/8, ::1,unix"}).settings
    assert settings.trusted_proxies == ("10.0.0.0/8", "::1", "unix")


@pytest.mark.parametrize(
    ("flags", "environ", "complaint"),
    [
        ({"workers": "two"}, {}, "--workers: 'two' is not a whole number"),
        ({"workers": "0"}, {}, "--workers: 0 is too small (at least 1)"),
        ({"workers": "5000"}, {}, "--workers: 5000 is too large (at most 1,024)"),
        ({"body_timeout": "0"}, {}, "--body-timeout: 0 is too small (at least 0.01 seconds)"),
        ({"grace": "nan"}, {}, "--grace: nan is not a finite number"),
        ({"grace": "1e300"}, {}, "--grace: 1e+300 is too large (at most 1,000,000 seconds)"),
        ({"idle_timeout": "2147484"}, {}, "--idle-timeout: 2.14748e+06 is too large (at most 1,000,000 seconds)"),
        ({"backlog": "2147483648"}, {}, "--backlog: 2147483648 is too large (at most 1,000,000)"),
        ({"threads": "9" * 400}, {}, "--threads: " + "9" * 400 + " is too large (at most 10,000)"),
        ({}, {"MINNOW_BIND": ","}, "MINNOW_BIND: is empty (at least 1 value is wanted)"),
        ({"model": "thred"}, {}, "--model: 'thred' is not one of coroutine, thread (did you mean thread?)"),
        ({"bind": ["[::1]:0", "x"]}, {}, "--bind: 'x' is not an address"),
        ({}, {"MINNOW_BODY_LIMIT": "much"}, "MINNOW_BODY_LIMIT: 'much' is not a size"),
        ({}, {"MINNOW_REUSE_PORT": "maybe"}, "MINNOW_REUSE_PORT: 'maybe' is neither true nor false"),
        ({}, {"MINNOW_ACCESS_LOG": "xml"}, "MINNOW_ACCESS_LOG: 'xml' is not one of combined, json, off"),
        ({}, {"MINNOW_STATIC": "static"}, "MINNOW_STATIC: 'static' is not a mount"),
    ],
)
def test_a_bad_value_names_its_source(flags: dict[str, object], environ: dict[str, str], complaint: str) -> None:
    """One line: the flag or variable, the value, what would be right."""
    with pytest.raises(ConfigError) as caught:
        settle(flags, environ)
    assert str(caught.value).startswith(complaint)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("workers = true\n", "{file}: workers: True is not a whole number"),
        ("workers = 1.5\n", "{file}: workers: 1.5 is not a whole number"),
        ("grace = true\n", "{file}: grace: True is not a number"),
        ("reuse_port = 1\n", "{file}: reuse_port: 1 is not true or false"),
        ("bind = []\n", "{file}: bind: is empty (at least 1 value is wanted)"),
        ("bind = 8000\n", "{file}: bind: 8000 is not a list of texts"),
        ("bind = [8000]\n", "{file}: bind: 8000 is not a text"),
        ("app = 1\n", "{file}: app: 1 is not a text"),
        ("wrokers = 2\n", "{file}: wrokers is not a known setting (did you mean workers?)"),
        ("workers = \n", "--config: {file} is not TOML: Invalid value (at line 1, column 11)"),
    ],
)
def test_a_bad_file_names_itself_and_the_key(toml: Path, text: str, complaint: str) -> None:
    """The type matters as much as the value, and an unknown key is an error, not a comment."""
    toml.write_text(text)
    with pytest.raises(ConfigError) as caught:
        settle(file=str(toml))
    assert str(caught.value) == complaint.format(file=toml)


def test_a_byte_order_mark_is_no_part_of_the_file(toml: Path) -> None:
    """Editors of Windows begin a file with one."""
    toml.write_bytes(b"\xef\xbb\xbfworkers = 2\n")
    assert settle(file=str(toml)).settings.workers == 2


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """A file that was asked for has to be there."""
    with pytest.raises(ConfigError, match=r"cannot read .*: No such file or directory"):
        settle(file=str(tmp_path / "none.toml"))


def test_arguments_of_serve_are_checked_like_all_others() -> None:
    """`serve(app, workers=0)` complains by the argument's name, an unknown one with a guess."""
    with pytest.raises(ConfigError, match="workers: 0 is too small"):
        resolve([from_arguments({"workers": 0})], MODELS)
    with pytest.raises(ConfigError, match=r"worker is not a known argument \(did you mean workers\?\)"):
        from_arguments({"worker": 2})

"""What the site is told from outside: the environment, read once, complaints in one line each."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_URL = "sqlite:///var/minnow.db"
# itsdangerous derives its signing key from the secret, so that length is what makes guessing hopeless.
SHORTEST_KEY = 16


class ConfigError(ValueError):
    """A setting is missing or makes no sense; the message says which one and what to do."""


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """Where the database is, and how many connections one worker may hold."""

    url: URL
    pool: int = 10

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read `DATABASE_URL`, `DATABASE_PASSWORD_FILE` and `DATABASE_POOL`.

        Raises ConfigError when one of them cannot be used.
        """
        url = _database_url(environment.get("DATABASE_URL") or DEFAULT_URL)
        password = _file_content("DATABASE_PASSWORD_FILE", environment)
        if password is not None:
            # Editors and `echo` end a file with a newline that belongs to no password.
            url = url.set(password=password.rstrip("\r\n"))
        return cls(url, _positive("DATABASE_POOL", environment.get("DATABASE_POOL") or "10"))


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that `create_app` needs.

    `secret_keys` sign the session cookie: the first signs, all verify, so that a key can be retired slowly.
    """

    database: DatabaseConfig
    secret_keys: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the database's settings and `SECRET_KEY` or `SECRET_KEY_FILE`; raises ConfigError."""
        return cls(DatabaseConfig.from_environment(environment), _secret_keys(environment))


def _database_url(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        # The text may hold a password, so the message must not repeat it.
        raise ConfigError(
            "DATABASE_URL is not a database URL; try mysql://user@host/name or sqlite:///var/minnow.db"
        ) from None
    backend = url.get_backend_name()
    if backend == "mysql":
        return url.set(drivername="mysql+pymysql")
    if backend == "sqlite" and url.database not in {None, "", ":memory:"}:
        return url
    raise ConfigError(f"DATABASE_URL must name a MySQL database or an SQLite file, not {backend!r} here")


def _secret_keys(environment: Mapping[str, str]) -> tuple[str, ...]:
    text = _file_content("SECRET_KEY_FILE", environment) or environment.get("SECRET_KEY", "")
    keys = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not keys:
        raise ConfigError("set SECRET_KEY or SECRET_KEY_FILE: one key a line, the first signs, all verify")
    if min(map(len, keys)) < SHORTEST_KEY:
        raise ConfigError(f"a SECRET_KEY is shorter than {SHORTEST_KEY} characters; try `openssl rand -hex 32`")
    return keys


def _file_content(name: str, environment: Mapping[str, str]) -> str | None:
    path = environment.get(name)
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: cannot read {path}: {error}") from None


def _positive(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise ConfigError(f"{name} must be a whole number above 0, not {text!r}")

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.config import Config, ConfigError, DatabaseConfig

if TYPE_CHECKING:
    from pathlib import Path

KEY = "a key of 16 or more"


def test_defaults() -> None:
    """With only a key set, the site uses SQLite below var/ and ten connections."""
    config = Config.from_environment({"SECRET_KEY": KEY})
    assert str(config.database.url) == "sqlite:///var/minnow.db"
    assert config.database.pool == 10
    assert config.secret_keys == (KEY,)


def test_files(tmp_path: Path) -> None:
    """Password and keys come from files; a newline at the end belongs to neither, and file keys win."""
    (tmp_path / "password").write_text("p@ss/word \n")
    (tmp_path / "keys").write_text(f"{KEY} new\n\n{KEY} old\n")
    environment = {
        "DATABASE_URL": "mysql://minnow@db/minnow",
        "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "DATABASE_POOL": "3",
        "SECRET_KEY": "ignored",
        "SECRET_KEY_FILE": str(tmp_path / "keys"),
    }
    config = Config.from_environment(environment)
    assert config.database.url.drivername == "mysql+pymysql"
    assert config.database.url.password == "p@ss/word "
    assert config.database.pool == 3
    assert config.secret_keys == (f"{KEY} new", f"{KEY} old")


def test_keys_are_not_shown() -> None:
    """A configuration that ends up in a log holds neither keys nor passwords."""
    config = Config.from_environment({"SECRET_KEY": KEY, "DATABASE_URL": "mysql://minnow:hidden@db/minnow"})
    assert KEY not in repr(config)
    assert "hidden" not in repr(config)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "set SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "shorter than 16"),
        ({"SECRET_KEY": f"{KEY}\nshort"}, "shorter than 16"),
        ({"SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE: cannot read /nowhere"),
        ({"DATABASE_PASSWORD_FILE": "/nowhere"}, "DATABASE_PASSWORD_FILE: cannot read"),
        ({"DATABASE_POOL": "0"}, "DATABASE_POOL must be"),
        ({"DATABASE_POOL": "many"}, "DATABASE_POOL must be"),
        ({"DATABASE_URL": "sqlite://"}, "SQLite file"),
        ({"DATABASE_URL": "oracle://db/minnow"}, "must name a MySQL database"),
        ({"DATABASE_URL": "???"}, "not a database URL"),
    ],
)
def test_complaints(environment: dict[str, str], words: str) -> None:
    """A setting that cannot be used is named in one line."""
    with pytest.raises(ConfigError) as caught:
        Config.from_environment(environment)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_database_needs_no_key() -> None:
    """Migrations run without the key that signs cookies."""
    assert DatabaseConfig.from_environment({"DATABASE_POOL": "1"}).pool == 1

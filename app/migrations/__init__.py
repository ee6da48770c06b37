"""The schema's history, run from Python: no alembic.ini, no `alembic` on the path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema up to `revision`; does nothing where it is there already."""
    command.upgrade(_configuration(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take the schema back to `revision`; `base` is the empty database."""
    command.downgrade(_configuration(connection), revision)


def head() -> str | None:
    """Return the newest revision."""
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head()


def _configuration(connection: Connection) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config

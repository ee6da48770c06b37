"""The schema, as SQLAlchemy Core sees it; `migrations/` builds the same on a real database."""

from __future__ import annotations

from sqlalchemy import (
    CHAR,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)

# Limits in characters, not bytes: utf8mb4 columns count code points, as Python does.
CODE_LENGTH = 6
NAME_LIMIT = 10
NOTE_LIMIT = 200
VISITOR_LENGTH = 32

# Constraints need names of our own, or a later migration cannot drop them on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

stocks = Table(
    "stocks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", CHAR(CODE_LENGTH), nullable=False, unique=True),
    Column("name", String(NAME_LIMIT), nullable=False),
    Column("change_percent", Numeric(7, 2), nullable=False),
    Column("turnover_percent", Numeric(7, 2), nullable=False),
    Column("price", Numeric(10, 2), nullable=False),
    Column("previous_high", Numeric(10, 2), nullable=False),
    Column("previous_high_on", Date, nullable=False),
    mysql_charset="utf8mb4",
    mysql_engine="InnoDB",
)

watches = Table(
    "watches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("visitor", CHAR(VISITOR_LENGTH), nullable=False),
    Column("stock_id", ForeignKey("stocks.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("note", String(NOTE_LIMIT), nullable=False, server_default=text("''")),
    Column("created_at", DateTime, nullable=False, server_default=func.now()),
    UniqueConstraint("visitor", "stock_id"),
    mysql_charset="utf8mb4",
    mysql_engine="InnoDB",
)

"""The schema, as SQLAlchemy Core sees it; `migrations/` builds the same on a real database."""

from __future__ import annotations

from sqlalchemy import (
    CHAR,
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.mysql import VARCHAR

# Limits in characters, not bytes: utf8mb4 columns count code points, as Python does.
CODE_LENGTH = 6
NAME_LIMIT = 10
INITIALS_LIMIT = 20
RECENT_LIMIT = 400
NOTE_LIMIT = 200
VISITOR_LENGTH = 32

_BINARY_NAME = VARCHAR(NAME_LIMIT, collation="utf8mb4_bin")

# Constraints need names of our own, or a later migration cannot drop them on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SORTED_COLUMNS = (
    "name",
    "initials",
    "change_percent",
    "turnover_percent",
    "price",
    "previous_high",
    "previous_high_on",
    "volume",
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
    # The first letter of each syllable of the name in pinyin, in upper case: what people type to find a stock.
    Column("initials", String(INITIALS_LIMIT), nullable=False, server_default=text("''")),
    # Shares traded on the day.
    Column("volume", BigInteger, nullable=False, server_default=text("0")),
    # The last closes, oldest first, separated by commas: a row of the list draws them without asking for its bars.
    Column("recent", String(RECENT_LIMIT), nullable=False, server_default=text("''")),
    # The version of the quotes (`market`) that changed this row last.
    Column("version", BigInteger, nullable=False, server_default=text("0"), index=True),
    # Each column that the list can be sorted by, the code behind it, so that rows of the same value have an order, too.
    *(Index(f"ix_stocks_{column}", column, "code") for column in SORTED_COLUMNS),
    mysql_charset="utf8mb4",
    mysql_engine="InnoDB",
)

# All ends of all names, as `app.names` spells them: a part of a name is the beginning of one of its ends.
name_ends = Table(
    "name_ends",
    metadata,
    # Compared character by character, as SQLite does: a collation would take different ends for the same.
    Column("name_end", String(NAME_LIMIT).with_variant(_BINARY_NAME, "mysql"), primary_key=True),
    Column("stock_id", ForeignKey("stocks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True),
    mysql_charset="utf8mb4",
    mysql_engine="InnoDB",
)

# One bar a stock and trading day. A stock's bars lie together in the order of their days, as a chart reads them.
bars = Table(
    "bars",
    metadata,
    Column("stock_id", ForeignKey("stocks.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("open", Numeric(10, 2), nullable=False),
    Column("high", Numeric(10, 2), nullable=False),
    Column("low", Numeric(10, 2), nullable=False),
    Column("close", Numeric(10, 2), nullable=False),
    Column("volume", BigInteger, nullable=False),
    mysql_charset="utf8mb4",
    mysql_engine="InnoDB",
)

# One row. Whoever changes quotes counts its version up in the same transaction: the row's lock puts writers in line.
market = Table(
    "market",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("changed_at", DateTime, nullable=False, server_default=func.now()),
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
    # The visitor's own order of the list.
    Column("position", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("visitor", "stock_id"),
    mysql_charset="utf8mb4",
    mysql_engine="InnoDB",
)

"""Daily bars, pinyin initials, the order of a watch list, and a version of the quotes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    for column in (
        sa.Column("initials", sa.String(20), server_default=sa.text("''"), nullable=False),
        sa.Column("volume", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("recent", sa.String(400), server_default=sa.text("''"), nullable=False),
        sa.Column("version", sa.BigInteger, server_default=sa.text("0"), nullable=False),
    ):
        op.add_column("stocks", column)
    op.create_index("ix_stocks_version", "stocks", ["version"])
    for name in SORTED_COLUMNS:
        op.create_index(f"ix_stocks_{name}", "stocks", [name, "code"])
    op.add_column("watches", sa.Column("position", sa.Integer, server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE watches SET position = id")
    _create_bars()
    _create_market()


def _create_bars() -> None:
    op.create_table(
        "bars",
        sa.Column("stock_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("open", sa.Numeric(10, 2), nullable=False),
        sa.Column("high", sa.Numeric(10, 2), nullable=False),
        sa.Column("low", sa.Numeric(10, 2), nullable=False),
        sa.Column("close", sa.Numeric(10, 2), nullable=False),
        sa.Column("volume", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("stock_id", "day", name="pk_bars"),
        sa.ForeignKeyConstraint(["stock_id"], ["stocks.id"], name="fk_bars_stock_id_stocks", ondelete="CASCADE"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )


def _create_market() -> None:
    market = op.create_table(
        "market",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.DateTime, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_market"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.bulk_insert(market, [{"id": 1, "version": 0}])


def downgrade() -> None:
    op.drop_table("market")
    op.drop_table("bars")
    op.drop_column("watches", "position")
    for name in (*SORTED_COLUMNS, "version"):
        op.drop_index(f"ix_stocks_{name}", "stocks")
    for name in ("version", "recent", "volume", "initials"):
        op.drop_column("stocks", name)

"""Stocks, and the watch lists of visitors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stocks",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("code", sa.CHAR(6), nullable=False),
        sa.Column("name", sa.String(10), nullable=False),
        sa.Column("change_percent", sa.Numeric(7, 2), nullable=False),
        sa.Column("turnover_percent", sa.Numeric(7, 2), nullable=False),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.Column("previous_high", sa.Numeric(10, 2), nullable=False),
        sa.Column("previous_high_on", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stocks"),
        sa.UniqueConstraint("code", name="uq_stocks_code"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("visitor", sa.CHAR(32), nullable=False),
        sa.Column("stock_id", sa.Integer, nullable=False),
        sa.Column("note", sa.String(200), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
        sa.UniqueConstraint("visitor", "stock_id", name="uq_watches_visitor_stock_id"),
        sa.ForeignKeyConstraint(["stock_id"], ["stocks.id"], name="fk_watches_stock_id_stocks", ondelete="CASCADE"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_watches_stock_id", "watches", ["stock_id"])


def downgrade() -> None:
    op.drop_table("watches")
    op.drop_table("stocks")

"""An index for parts of names; `python -m app migrate` enters the names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import VARCHAR

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "name_ends",
        sa.Column(
            "name_end", sa.String(10).with_variant(VARCHAR(10, collation="utf8mb4_bin"), "mysql"), nullable=False
        ),
        sa.Column("stock_id", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("name_end", "stock_id", name="pk_name_ends"),
        sa.ForeignKeyConstraint(["stock_id"], ["stocks.id"], name="fk_name_ends_stock_id_stocks", ondelete="CASCADE"),
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_name_ends_stock_id", "name_ends", ["stock_id"])


def downgrade() -> None:
    op.drop_table("name_ends")

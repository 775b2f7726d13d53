"""Drawings that a class labelled, and what runs were taught from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "drawings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String(64)),
        sa.Column("label", sa.Integer, nullable=False),
        sa.Column("image", sa.LargeBinary, nullable=False),
        sa.Column("read_as", sa.Integer),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.add_column("runs", sa.Column("lesson", sa.JSON))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("runs", "lesson")
    op.drop_table("drawings")

"""Trained networks that come with the lab, beside the runs of the people who use it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("example", sa.String(64)))
    op.add_column(
        "runs", sa.Column("hidden", sa.Boolean, nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Remove them."""
    for column in ("hidden", "example"):
        op.drop_column("runs", column)

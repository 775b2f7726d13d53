"""Notes, tags and pins on runs, and models that came in as files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("runs", sa.Column("notes", sa.Text, nullable=False, server_default=sa.text("''")))
    op.add_column("runs", sa.Column("tags", sa.JSON))
    op.add_column(
        "runs", sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("runs", sa.Column("imported", sa.JSON))


def downgrade() -> None:
    """Remove them."""
    for column in ("imported", "pinned", "tags", "notes"):
        op.drop_column("runs", column)

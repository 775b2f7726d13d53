"""The second figure of an epoch is named for what it is: a task's metric, not always accuracy."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

RENAMED = (
    ("runs", "test_accuracy", "test_metric"),
    ("journal", "accuracy", "metric"),
    ("journal", "val_accuracy", "val_metric"),
)


def upgrade() -> None:
    """Rename the columns."""
    for table, before, after in RENAMED:
        op.alter_column(table, before, new_column_name=after)


def downgrade() -> None:
    """Rename them back."""
    for table, before, after in RENAMED:
        op.alter_column(table, after, new_column_name=before)

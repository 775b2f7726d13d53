"""Number of each run, from which its colour and its line style in charts follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

#: Older runs are numbered by age.
NUMBER_ALL = """
    UPDATE runs SET number = ranked.number
    FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS number FROM runs) AS ranked
    WHERE ranked.id = runs.id
"""


def upgrade() -> None:
    """Add the column and fill it."""
    op.add_column("runs", sa.Column("number", sa.Integer))
    op.execute(NUMBER_ALL)
    op.create_index("runs_by_number", "runs", ["number"])


def downgrade() -> None:
    """Remove the column."""
    op.drop_index("runs_by_number", "runs")
    op.drop_column("runs", "number")

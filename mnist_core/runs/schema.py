"""The tables behind the run store.

``runs`` holds one row a run, ``journal`` the epochs as they were measured, ``commands`` what a
person asked of a run that trains elsewhere, ``drawings`` the digits that a class wrote. The
migrations in ``migrations/`` build these very tables; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

from mnist_core.runs.records import RECORD_FIELDS

#: The newest migration. A database at this revision is opened without loading Alembic.
REVISION = "0005"

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64)),
    Column("name", String(200), nullable=False),
    Column("preset", String(64)),
    Column("config", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("message", Text, nullable=False, default=""),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("active_seconds", Float, nullable=False, default=0.0),
    Column("attempt", Integer, nullable=False, default=1),
    # Attempts in a row that died before they saved anything.
    Column("stalls", Integer, nullable=False, default=0),
    Column("epochs_done", Integer, nullable=False, default=0),
    Column("best_epoch", Integer),
    Column("progress_epoch", Integer),
    Column("progress_done", Integer),
    Column("progress_total", Integer),
    Column("test_loss", Float),
    Column("test_metric", Float),
    # What it was taught from a class's handwriting, and what came of it; null for all others.
    Column("lesson", JSON(none_as_null=True)),
    # What a person says of it, and whether a clean-up is to leave it alone.
    Column("notes", Text, nullable=False, server_default=text("''")),
    Column("tags", JSON(none_as_null=True)),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    # Where its model came in as a file from outside: what is known of it; null for all others.
    Column("imported", JSON(none_as_null=True)),
    # Where it came with the lab: key of the example; null for all runs that people have started.
    Column("example", String(64)),
    Column("hidden", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, default=0),
    Column("last_seq", Integer, nullable=False, default=0),
    # Who may write this run, and until when; renewed while somebody trains it.
    Column("lease_token", String(64)),
    Column("lease_expires_at", Float),
    Index("runs_by_age", "created_at"),
    Index("runs_by_status", "status", "created_at"),
)

journal = Table(
    "journal",
    metadata,
    Column("run_id", String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("reset_to", Integer),
    *(Column(name, Integer if name == "epoch" else Float) for name in RECORD_FIELDS),
    Index("journal_by_epoch", "run_id", "epoch", unique=True),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(32), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value", Float),
    Column("created_at", Float, nullable=False),
    Index("commands_by_run", "run_id", "id"),
)

drawings = Table(
    "drawings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String(64)),
    Column("label", Integer, nullable=False),
    # 784 grey levels of the 28 × 28 picture, row by row.
    Column("image", LargeBinary, nullable=False),
    # What a network had read in it, where one had.
    Column("read_as", Integer),
    Column("created_at", Float, nullable=False),
)

"""Database schema of the run store.

``runs`` has one row for each run, ``journal`` the epochs, ``commands`` the users' commands to
running runs, ``drawings`` the labelled drawings. The migrations in ``migrations/`` build the same
tables; a test compares the two.
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

#: The newest migration. A database at this revision is opened without Alembic.
REVISION = "0006"

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    # Runs are counted, so that each has a colour and a line style of its own in charts.
    Column("number", Integer, default=text("(SELECT coalesce(max(number), 0) + 1 FROM runs)")),
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
    # Crashes in a row before a checkpoint was saved.
    Column("stalls", Integer, nullable=False, default=0),
    Column("epochs_done", Integer, nullable=False, default=0),
    Column("best_epoch", Integer),
    Column("progress_epoch", Integer),
    Column("progress_done", Integer),
    Column("progress_total", Integer),
    Column("test_loss", Float),
    Column("test_metric", Float),
    # Settings and result of a fine-tuning run; null for all others.
    Column("lesson", JSON(none_as_null=True)),
    # The user's notes and tags, and whether clean-ups keep the run.
    Column("notes", Text, nullable=False, server_default=text("''")),
    Column("tags", JSON(none_as_null=True)),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    # Origin of an imported model; null for all others.
    Column("imported", JSON(none_as_null=True)),
    # Key of a built-in example; null for runs of users.
    Column("example", String(64)),
    Column("hidden", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, default=0),
    Column("last_seq", Integer, nullable=False, default=0),
    # The right to write this run and its expiry time, renewed during training.
    Column("lease_token", String(64)),
    Column("lease_expires_at", Float),
    Index("runs_by_age", "created_at"),
    Index("runs_by_status", "status", "created_at"),
    Index("runs_by_number", "number"),
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
    # 784 pixel values of the 28 × 28 image, row by row.
    Column("image", LargeBinary, nullable=False),
    # Prediction of a network, if any.
    Column("read_as", Integer),
    Column("created_at", Float, nullable=False),
)

"""Conversion between database rows and records."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import sqlalchemy as sa

from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs.records import (
    RECORD_FIELDS,
    EpochRecord,
    JournalRow,
    Progress,
    Run,
    RunStatus,
)
from mnist_core.runs.schema import journal, runs

#: Whether a lease, given by token and expiry time, is abandoned.
IsAbandoned: TypeAlias = Callable[[str, float | None], bool]
#: Pairs in one query; SQLite accepts 32,766 values.
MOST_PAIRS = 5000
#: Fields of a run that are columns of the same name.
PLAIN_FIELDS = (
    "id",
    "number",
    "name",
    "preset",
    "owner",
    "message",
    "created_at",
    "started_at",
    "ended_at",
    "active_seconds",
    "attempt",
    "epochs_done",
    "test_loss",
    "test_metric",
    "lesson",
    "notes",
    "pinned",
    "imported",
    "example",
    "hidden",
    "version",
    "last_seq",
)
#: Seconds after which a lease that was not renewed expires.
LEASE_SECONDS = 8.0


def held_by(token: str, now: sa.ColumnElement[float]) -> dict[str, Any]:
    """Return the lease columns of a run whose training starts now, by the database's clock."""
    return {
        "started_at": now,
        "lease_token": token,
        "lease_expires_at": now + LEASE_SECONDS,
    }


def journal_values(run_id: str, seq: int, record: EpochRecord) -> dict[str, Any]:
    """Return the journal row of an epoch."""
    values = {name: getattr(record, name) for name in RECORD_FIELDS}
    return {"run_id": run_id, "seq": seq} | values


def to_record(row: sa.RowMapping) -> EpochRecord:
    """Return the epoch in a journal row; SQLite stores NaN as NULL."""
    values = {name: _number(row[name]) for name in RECORD_FIELDS if name != "epoch"}
    return EpochRecord(epoch=row["epoch"], **values)


def to_journal_row(row: sa.RowMapping) -> JournalRow:
    """Convert a journal row for the stream."""
    if row["epoch"] is None:
        return JournalRow(row["seq"], None, row["reset_to"])
    return JournalRow(row["seq"], to_record(row))


def read_runs(
    connection: sa.Connection, query: sa.Select[Any], is_abandoned: IsAbandoned
) -> list[Run]:
    """Return the runs that a query on the table ``runs`` selects, with best and last epochs."""
    rows = connection.execute(query).mappings().all()
    records = _best_and_last(connection, rows)
    return [_to_run(row, records, is_abandoned) for row in rows]


def _best_and_last(
    connection: sa.Connection, rows: Iterable[sa.RowMapping]
) -> dict[tuple[str, int], EpochRecord]:
    wanted = [
        (row["id"], epoch)
        for row in rows
        for epoch in {row["best_epoch"], row["epochs_done"]}
        if epoch
    ]
    records = {}
    for start in range(0, len(wanted), MOST_PAIRS):
        pairs = wanted[start : start + MOST_PAIRS]
        query = sa.select(journal).where(sa.tuple_(journal.c.run_id, journal.c.epoch).in_(pairs))
        for row in connection.execute(query).mappings():
            records[row["run_id"], row["epoch"]] = to_record(row)
    return records


def _to_run(
    row: sa.RowMapping, records: dict[tuple[str, int], EpochRecord], is_abandoned: IsAbandoned
) -> Run:
    progress = None
    if row["progress_epoch"] is not None:
        progress = Progress(row["progress_epoch"], row["progress_done"], row["progress_total"])
    status = _status(row, is_abandoned)
    return Run(
        config=TrainingConfig.from_store(row["config"]),
        status=status,
        best=records.get((row["id"], row["best_epoch"] or 0)),
        last=records.get((row["id"], row["epochs_done"])),
        progress=progress,
        tags=tuple(row["tags"] or ()),
        settled=not status.is_active and not _is_held(row, is_abandoned),
        **{name: row[name] for name in PLAIN_FIELDS},
    )


def _status(row: sa.RowMapping, is_abandoned: IsAbandoned) -> RunStatus:
    status = RunStatus(row["status"])
    if status.is_active and row["lease_token"] is not None and not _is_held(row, is_abandoned):
        return RunStatus.INTERRUPTED  # not yet resumed
    return status


def _is_held(row: sa.RowMapping, is_abandoned: IsAbandoned) -> bool:
    token = row["lease_token"]
    return token is not None and not is_abandoned(token, row["lease_expires_at"])


def _number(value: float | None) -> float:
    return math.nan if value is None else value


#: All columns of the table of runs.
ALL_RUNS = sa.select(runs)
